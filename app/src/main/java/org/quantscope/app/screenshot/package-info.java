/** Pictures of the program, made by the program. */
@NullMarked
package org.quantscope.app.screenshot;

import org.jspecify.annotations.NullMarked;
