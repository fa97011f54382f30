/** What the tensor in hand does with its codes. */
@NullMarked
package org.quantscope.app.codes;

import org.jspecify.annotations.NullMarked;
