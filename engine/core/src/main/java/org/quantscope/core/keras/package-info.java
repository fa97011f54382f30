/** What Keras says of its layers, and the weights that it stores for them. */
@NullMarked
package org.quantscope.core.keras;

import org.jspecify.annotations.NullMarked;
