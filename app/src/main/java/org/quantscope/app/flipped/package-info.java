/** The samples that flipped, the confusion matrix of all samples, and the error of each layer. */
@NullMarked
package org.quantscope.app.flipped;

import org.jspecify.annotations.NullMarked;
