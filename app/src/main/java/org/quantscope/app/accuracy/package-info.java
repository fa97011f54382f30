/** What the settings do to the model's answers and size. */
@NullMarked
package org.quantscope.app.accuracy;

import org.jspecify.annotations.NullMarked;
