/** Accuracy of the float and the quantized model on samples that get worse, corruption by corruption. */
@NullMarked
package org.quantscope.core.robustness;

import org.jspecify.annotations.NullMarked;
