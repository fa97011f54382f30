package org.quantscope.core.eval;

/**
 * How much of the native memory for values in front of the tensor in hand is used.
 *
 * @param bytes kept now, of all settings together
 * @param budget bytes kept at most
 * @param batches of the setting that was evaluated last whose values are kept; the others are computed again at every move
 * @param of batches in the evaluation set
 */
public record CacheUse(long bytes, long budget, int batches, int of) {}
