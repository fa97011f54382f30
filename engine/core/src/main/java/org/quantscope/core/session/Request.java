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

/**
 * Everything that determines the parameters of one tensor. Equal requests have equal answers, so answers are cached by
 * request.
 */
public sealed interface Request {
    /** What chooses the range that is shown where the one in use is found while the network runs. */
    Clip REFERENCE = new Clip.Auto("minmax");

    TensorId id();

    QuantSpec spec();

    /** Why it cannot be answered, in a sentence without its full stop; empty if it can, or if only trying shows. */
    Optional<String> obstacle();

    /**
     * A stored tensor, with its values.
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
            if (asks) {
                return Optional.of("the range of " + id()
                        + " is weighted by importances from calibration data, and there is none");
            }
            return Calibrators.needsMoments(spec.clip())
                            && importances.moments(id()).isEmpty()
                    ? Optional.of(importances.withoutMoments(id()))
                    : Optional.empty();
        }
    }

    /**
     * An activation; at most a sketch of its values is known.
     *
     * @param range range for its automatic clip, if a session file has one
     * @param levels levels that were fitted for exactly this request, if a session file has them
     * @param sketch sketch of its values, if it is needed and there is one
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

        /**
         * True if its scheme fits levels to the values, but nothing is known about these: the levels are then spread
         * evenly over the range.
         */
        public boolean lacksLevels() {
            return FittedLevels.neededBy(spec) && levels.isEmpty() && sketch.isEmpty();
        }
    }

    /** The request for a stored tensor. */
    static Request of(Tensor tensor, QuantSpec spec, Importances importances) {
        boolean asks = Calibrators.needsImportance(spec.clip()) || Calibrators.needsMoments(spec.clip());
        return new OfStored(tensor, spec.withRounding(QuantSpec.NEAREST), asks ? importances : Importances.NONE);
    }

    /** The request for an activation, with what is known about its values. */
    static OfActivation of(TensorId id, QuantSpec spec, Calibration calibration) {
        boolean found = spec.clip() instanceof Clip.Dynamic;
        Optional<ClipRange> stored = found
                ? calibration.range(id, spec.withClip(REFERENCE))
                : spec.clip() instanceof Clip.Auto ? calibration.range(id, spec) : Optional.empty();
        Optional<ClipRange> range = spec.clip() instanceof Clip.Manual(ClipRange byHand) ? Optional.of(byHand) : stored;
        Optional<FittedLevels> levels = FittedLevels.neededBy(spec)
                ? calibration
                        .levels(id)
                        .filter(kept -> range.filter(r -> kept.answer(spec, r)).isPresent())
                : Optional.empty();
        boolean looks = ((found || spec.clip() instanceof Clip.Auto) && range.isEmpty())
                || (FittedLevels.neededBy(spec) && levels.isEmpty());
        return new OfActivation(
                id,
                spec,
                stored,
                levels,
                looks ? Optional.ofNullable(calibration.sketches().get(id)) : Optional.empty());
    }
}
