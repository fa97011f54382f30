/** Improving the quantized model in one go: the steps, and what each of them gains. */
@NullMarked
package org.quantscope.app.improve;

import org.jspecify.annotations.NullMarked;
