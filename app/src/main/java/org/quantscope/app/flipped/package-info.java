/** The samples that flipped, what became of all others, and the error of each layer. */
@NullMarked
package org.quantscope.app.flipped;

import org.jspecify.annotations.NullMarked;
