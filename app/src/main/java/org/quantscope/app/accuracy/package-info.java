/** How the settings change the model's answers and its size. */
@NullMarked
package org.quantscope.app.accuracy;

import org.jspecify.annotations.NullMarked;
