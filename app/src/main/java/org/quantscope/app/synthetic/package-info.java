/** Tensors drawn from a distribution, to play with: sliders, and what they do to values and error. */
@NullMarked
package org.quantscope.app.synthetic;

import org.jspecify.annotations.NullMarked;
