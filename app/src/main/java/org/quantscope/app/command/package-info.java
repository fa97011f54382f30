/** Every action of the window with its id, keys and the reason when it is not possible, and how the palette finds them. */
@NullMarked
package org.quantscope.app.command;

import org.jspecify.annotations.NullMarked;
