package org.quantscope.core.session;

import java.util.Optional;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/** All that the parameters of one tensor follow from. Equal requests have equal answers, so an answer is kept under its request. */
public sealed interface Request {
    TensorId id();

    QuantSpec spec();

    /** Why it has no answer, in a sentence without a full stop; empty if it has one, or if that is found out only by trying. */
    Optional<String> obstacle();

    /**
     * A stored tensor; its values are looked at.
     *
     * @param importances {@link Importances#NONE} unless the spec's calibrator needs some
     */
    record OfStored(Tensor tensor, QuantSpec spec, Importances importances) implements Request {
        @Override
        public TensorId id() {
            return tensor.id();
        }

        @Override
        public Optional<String> obstacle() {
            boolean asks = Calibrators.needsImportance(spec.clip())
                    && spec.clip() instanceof Clip.Auto auto
                    && auto.options().isEmpty()
                    && importances.of(tensor.info()).isEmpty();
            return asks
                    ? Optional.of("the range of " + id()
                            + " is weighted by importances that calibration data shows; there is none")
                    : Optional.empty();
        }
    }

    /**
     * An activation; its values are known by a sketch at most.
     *
     * @param range of its automatic clip, if a session file says it
     * @param levels that were fitted for this very request, if a session file holds some
     * @param sketch of its values, if one is needed and there is one
     */
    record OfActivation(
            TensorId id,
            QuantSpec spec,
            Optional<ClipRange> range,
            Optional<FittedLevels> levels,
            Optional<MomentSketch> sketch)
            implements Request {
        @Override
        public Optional<String> obstacle() {
            return spec.clip() instanceof Clip.Auto && range.isEmpty() && sketch.isEmpty()
                    ? Optional.of("no range for activation " + id() + ": calibrate with data first")
                    : Optional.empty();
        }

        /** True if its scheme would fit its levels to values and nothing is known of them: they are spread evenly over the range. */
        public boolean lacksLevels() {
            return FittedLevels.neededBy(spec) && levels.isEmpty() && sketch.isEmpty();
        }
    }

    /** What is asked of a stored tensor. */
    static Request of(Tensor tensor, QuantSpec spec, Importances importances) {
        return new OfStored(tensor, spec, Calibrators.needsImportance(spec.clip()) ? importances : Importances.NONE);
    }

    /** What is asked of an activation, by what is known of it. */
    static OfActivation of(TensorId id, QuantSpec spec, Calibration calibration) {
        Optional<ClipRange> stored = spec.clip() instanceof Clip.Auto ? calibration.range(id, spec) : Optional.empty();
        Optional<ClipRange> range = spec.clip() instanceof Clip.Manual(ClipRange byHand) ? Optional.of(byHand) : stored;
        Optional<FittedLevels> levels = FittedLevels.neededBy(spec)
                ? calibration
                        .levels(id)
                        .filter(kept -> range.filter(r -> kept.answer(spec, r)).isPresent())
                : Optional.empty();
        boolean looks = (spec.clip() instanceof Clip.Auto && range.isEmpty())
                || (FittedLevels.neededBy(spec) && levels.isEmpty());
        return new OfActivation(
                id,
                spec,
                stored,
                levels,
                looks ? Optional.ofNullable(calibration.sketches().get(id)) : Optional.empty());
    }
}
