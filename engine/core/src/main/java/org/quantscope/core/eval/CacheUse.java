package org.quantscope.core.eval;

/**
 * How much native memory is used for the values computed before the selected tensor.
 *
 * @param bytes kept now, of all settings together
 * @param budget the most bytes to keep
 * @param batches batches whose values are kept, for the setting that was evaluated last; the values of other batches
 *     are computed again for every change
 * @param of batches in the evaluation set
 */
public record CacheUse(long bytes, long budget, int batches, int of) {}
