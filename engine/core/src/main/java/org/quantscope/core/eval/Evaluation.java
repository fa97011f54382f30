package org.quantscope.core.eval;

/**
 * The figure of an evaluation, complete or not, and the outcome of each sample behind it.
 *
 * @param outcomes of {@code accuracy.seen()} samples
 */
public record Evaluation(AccuracyEstimate accuracy, SampleOutcomes outcomes) {}
