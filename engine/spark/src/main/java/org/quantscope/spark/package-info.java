/** Sweeps on Spark: the same points, the same rows, on many machines. Nothing depends on this module. */
@NullMarked
package org.quantscope.spark;

import org.jspecify.annotations.NullMarked;
