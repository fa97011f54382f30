/**
 * Finds what the quantization of each single tensor costs: sweeps over tensors, their ranking, and the cache of their
 * figures.
 */
@NullMarked
package org.quantscope.core.sensitivity;

import org.jspecify.annotations.NullMarked;
