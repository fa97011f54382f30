/** The slices of the tensor in hand that may have a range of their own. */
@NullMarked
package org.quantscope.app.slices;

import org.jspecify.annotations.NullMarked;
