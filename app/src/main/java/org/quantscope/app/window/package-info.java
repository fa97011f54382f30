/** The main window, which arranges and connects the views. */
@NullMarked
package org.quantscope.app.window;

import org.jspecify.annotations.NullMarked;
