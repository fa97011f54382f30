/** One value under the glass: every step from the number to its code, its bits, and back. */
@NullMarked
package org.quantscope.app.glass;

import org.jspecify.annotations.NullMarked;
