/**
 * Quantized networks in whole numbers, as a runtime computes them: 32-bit accumulators, and each runtime's way from an
 * accumulator to a code.
 */
@NullMarked
package org.quantscope.core.integer;

import org.jspecify.annotations.NullMarked;
