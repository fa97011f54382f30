/** Writing the settings for another program. */
@NullMarked
package org.quantscope.app.export;

import org.jspecify.annotations.NullMarked;
