/** Our whole-number kernels beside TensorFlow Lite itself; not part of the product. */
@NullMarked
package org.quantscope.parity;

import org.jspecify.annotations.NullMarked;
