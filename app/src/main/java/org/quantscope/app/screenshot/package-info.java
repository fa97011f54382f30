/** Takes the screenshots of the documentation from the real program. */
@NullMarked
package org.quantscope.app.screenshot;

import org.jspecify.annotations.NullMarked;
