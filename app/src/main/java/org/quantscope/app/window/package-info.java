/** The window: places the panels and connects them. */
@NullMarked
package org.quantscope.app.window;

import org.jspecify.annotations.NullMarked;
