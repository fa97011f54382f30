package org.quantscope.core.eval;

/**
 * The figure of an evaluation, complete or not, with what became of each sample it rests on.
 *
 * @param outcomes of {@code accuracy.seen()} samples
 */
public record Evaluation(AccuracyEstimate accuracy, SampleOutcomes outcomes) {}
