/**
 * Fine-tuning of a quantized network: gradients of the usual operators by hand, over float arrays, with matrix products
 * of OpenBLAS; quantizers with learned ranges; the training itself.
 */
@NullMarked
package org.quantscope.linalg.train;

import org.jspecify.annotations.NullMarked;
