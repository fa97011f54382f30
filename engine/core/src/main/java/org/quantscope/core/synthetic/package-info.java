/** Tensors drawn from distributions whose best ranges are known. */
@NullMarked
package org.quantscope.core.synthetic;

import org.jspecify.annotations.NullMarked;
