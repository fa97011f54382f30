/**
 * Everything that makes a quantized model better, run in order: equalization, ranges, rounding, bits. Each step is kept
 * only if it helps on calibration data that it has not seen.
 */
@NullMarked
package org.quantscope.core.improve;

import org.jspecify.annotations.NullMarked;
