package org.quantscope.core.improve;

import java.util.Optional;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.export.ModelSize;

/**
 * How the model does on the evaluation data after a step.
 *
 * @param figure over all samples
 * @param how it is scored
 * @param size of the model
 * @param seconds that the evaluation took
 * @param gain the 95 % interval of what the step before it lacks, for samples such as these, of which there are more
 *     than were seen; empty for the start, for a step that changed nothing, and where a sample is not right or wrong
 */
public record StepScore(
        AccuracyEstimate figure,
        LiveEvaluator.Reading how,
        ModelSize size,
        double seconds,
        Optional<PairedInterval> gain) {}
