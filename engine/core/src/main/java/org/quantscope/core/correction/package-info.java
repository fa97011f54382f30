/** What can be done to a float model so that quantization hurts it less; the work itself is done by whoever registers it. */
@NullMarked
package org.quantscope.core.correction;

import org.jspecify.annotations.NullMarked;
