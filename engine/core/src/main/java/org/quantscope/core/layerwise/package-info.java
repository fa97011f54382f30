/**
 * Work on a model layer by layer with calibration data: the second moments of what each layer reads, the error at its
 * output, and the codes that are chosen for it.
 */
@NullMarked
package org.quantscope.core.layerwise;

import org.jspecify.annotations.NullMarked;
