/** Where a deployed model parts from the float model, by more than its quantization explains, and why. */
@NullMarked
package org.quantscope.core.departure;

import org.jspecify.annotations.NullMarked;
