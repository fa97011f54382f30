/** Corrections of the float model: applying them, and what they changed. */
@NullMarked
package org.quantscope.app.correction;

import org.jspecify.annotations.NullMarked;
