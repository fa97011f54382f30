/** Exports the settings to files for other programs. */
@NullMarked
package org.quantscope.app.export;

import org.jspecify.annotations.NullMarked;
