/** The settings of the tensor in hand. */
@NullMarked
package org.quantscope.app.quantizer;

import org.jspecify.annotations.NullMarked;
