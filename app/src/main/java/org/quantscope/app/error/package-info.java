/** The error of the tensor in hand. */
@NullMarked
package org.quantscope.app.error;

import org.jspecify.annotations.NullMarked;
