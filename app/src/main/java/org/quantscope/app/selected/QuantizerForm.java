package org.quantscope.app.selected;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.SchemeTraits;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.Shape;

/**
 * What the form of a quantized tensor shows.
 *
 * @param spec the setting, previewed or committed
 * @param blocks how the tensor is cut, if each block has its own range
 * @param locked the fields that cannot be changed, each with the reason as a sentence
 */
public record QuantizerForm(
        QuantSpec spec, ChosenBy chosenBy, Resolved resolved, Optional<Blocks> blocks, Map<Field, String> locked) {
    /** The fields that some schemes or tensors fix. */
    public enum Field {
        BITS,
        SYMMETRIC,
        SIGNED,
        NARROW,
        GRANULARITY,
        BLOCK_SIZE,
        ROUNDING
    }

    /**
     * How the range was chosen.
     *
     * @param calibratorId the calibrator that chose it, or the kind of range that is found while the network runs; empty
     *     if it was set by hand or came with the file
     * @param calibrators ids to choose from; those that go by calibration data are included if it is known what they need,
     *     and what is {@linkplain #FOUND found} for activations on evenly spaced levels
     * @param option the calibrator's first option that is not a file, if it has one
     * @param optionValue the value of that option as text
     */
    public record ChosenBy(
            Optional<String> calibratorId, List<String> calibrators, Optional<OptionDoc> option, String optionValue) {
        /** What begins the ids of ranges that are found while the network runs. */
        private static final String FOUND = "found-each-";

        private static String id(Clip.Dynamic dynamic) {
            return FOUND + dynamic.id();
        }

        /** The clip that an id stands for; empty for a calibrator. */
        static Optional<Clip.Dynamic> found(String id) {
            return id.startsWith(FOUND)
                    ? Optional.of(new Clip.Dynamic(id.equals(FOUND + Clip.Dynamic.SAMPLE)))
                    : Optional.empty();
        }

        private static ChosenBy of(QuantSpec spec, SelectedTensor.View v) {
            Optional<Clip.Auto> auto = spec.clip() instanceof Clip.Auto a ? Optional.of(a) : Optional.empty();
            Optional<OptionDoc> option = auto.flatMap(a -> Calibrators.all().stream()
                            .filter(c -> c.id().equals(a.calibratorId()))
                            .findFirst())
                    .flatMap(c -> c.options().stream()
                            .filter(o -> !o.type().equals("file"))
                            .findFirst());
            List<String> ids = new ArrayList<>(Calibrators.all().stream()
                    .filter(c -> v.knows(c)
                            || auto.map(a -> a.calibratorId().equals(c.id())).orElse(false))
                    .map(Calibrator::id)
                    .toList());
            if (v.subject() instanceof QuantizableTensor.Activation
                    && spec.quantizer().traits().isAffine()) {
                ids.add(id(new Clip.Dynamic(true)));
                ids.add(id(new Clip.Dynamic(false)));
            }
            return new ChosenBy(
                    spec.clip() instanceof Clip.Dynamic dynamic
                            ? Optional.of(id(dynamic))
                            : auto.map(Clip.Auto::calibratorId),
                    List.copyOf(ids),
                    option,
                    option.map(o -> auto.orElseThrow().options().getOrDefault(o.name(), o.defaultValue()))
                            .orElse(""));
        }
    }

    /**
     * What the setting comes to, as text.
     *
     * @param range the ends of the requested range
     * @param scale the span of all scales if there are many
     * @param previous true if the figures belong to earlier settings
     */
    public record Resolved(Ends range, String scale, String zeroPoint, String effective, boolean previous) {
        private static Resolved of(SelectedTensor.View v) {
            return new Resolved(
                    new Ends(
                            v.clip().map(c -> Figures.value(c.lo())).orElse(""),
                            v.clip().map(c -> Figures.value(c.hi())).orElse(""),
                            v.draggable()),
                    v.measured().map(m -> QuantizerFigures.scale(m, v)).orElse(Figures.NONE),
                    v.measured().map(m -> QuantizerFigures.zeroPoint(m, v)).orElse(Figures.NONE),
                    v.measured().map(m -> QuantizerFigures.effective(m, v)).orElse(Figures.NONE),
                    v.previous());
        }
    }

    /**
     * The ends of a range as text; empty while they are unknown.
     *
     * @param editable true if they can be typed
     */
    public record Ends(String lo, String hi, boolean editable) {}

    /**
     * How a tensor is cut into blocks.
     *
     * @param size number of values in a block
     * @param axis the axis along which the values of a block lie
     * @param axes the size of the tensor along each axis
     */
    public record Blocks(int size, int axis, List<Long> axes) {
        private static Optional<Blocks> of(QuantizableTensor subject, QuantSpec spec) {
            if (!(spec.granularity() instanceof Granularity.PerBlock block)) {
                return Optional.empty();
            }
            Shape shape = subject.info().shape();
            int axis = block.axis() != Granularity.PerBlock.DEFAULT_AXIS || shape.rank() == 0
                    ? block.axis()
                    : Slicing.of(subject.info(), block).granularity() instanceof Granularity.PerBlock real
                            ? real.axis()
                            : block.axis();
            return Optional.of(new Blocks(
                    block.size(), axis, Arrays.stream(shape.toArray()).boxed().toList()));
        }
    }

    public QuantizerForm {
        locked = Map.copyOf(locked);
    }

    /** The form of the selected tensor; empty if it stays in float. */
    static Optional<QuantizerForm> of(SelectedTensor.View v) {
        return v.spec()
                .map(spec -> new QuantizerForm(
                        spec,
                        ChosenBy.of(spec, v),
                        Resolved.of(v),
                        Blocks.of(v.subject(), spec),
                        locked(v.subject(), spec)));
    }

    /** Why a field cannot be changed; empty if it can. */
    public String whyLocked(Field field) {
        return locked.getOrDefault(field, "");
    }

    private static Map<Field, String> locked(QuantizableTensor subject, QuantSpec spec) {
        Map<Field, String> reasons = new EnumMap<>(Field.class);
        Quantizer scheme = spec.quantizer();
        SchemeTraits traits = scheme.traits();
        String title = scheme.title();
        if (traits.fixesBits()) {
            reasons.put(
                    Field.BITS,
                    title + " has codes of " + traits.minBits() + (traits.minBits() == 1 ? " bit" : " bits"));
        }
        if (!traits.choosesSymmetric()) {
            reasons.put(Field.SYMMETRIC, title + (traits.symmetric() ? " mirrors about 0" : " has two free ends"));
        }
        if (!traits.choosesSigned()) {
            reasons.put(Field.SIGNED, title + " has no unsigned codes");
        }
        if (!traits.choosesRestrictedRange()) {
            reasons.put(Field.NARROW, title + " has no code to leave out");
        } else if (!spec.symmetric()) {
            reasons.put(Field.NARROW, "only symmetric codes can be restricted");
        } else if (!spec.signed()) {
            reasons.put(Field.NARROW, "only signed codes can be restricted");
        }
        if (subject instanceof QuantizableTensor.Activation) {
            reasons.put(Field.GRANULARITY, "an activation has one range");
            reasons.put(Field.ROUNDING, "an activation is rounded to nearest, whatever it reads");
        } else if (subject.info().shape().rank() == 0) {
            reasons.put(Field.GRANULARITY, "a single value has one range");
        } else if (traits.blockSize() > 0) {
            reasons.put(Field.GRANULARITY, title + " has a scale for each block");
        }
        if (traits.blockSize() > 0) {
            reasons.put(Field.BLOCK_SIZE, title + " has blocks of " + traits.blockSize());
        }
        return reasons;
    }
}
