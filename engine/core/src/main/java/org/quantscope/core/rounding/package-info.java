/**
 * Codes of a layer's weights chosen for the error at the layer's output instead of one by one. It knows matrices, levels
 * and second moments, and neither models nor data.
 */
@NullMarked
package org.quantscope.core.rounding;

import org.jspecify.annotations.NullMarked;
