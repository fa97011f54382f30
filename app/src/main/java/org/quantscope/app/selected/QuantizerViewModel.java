package org.quantscope.app.selected;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.session.Activations;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Notices;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.SchemeTraits;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.Shape;

/** The settings of the selected tensor as a form; every change is one undo step. */
public final class QuantizerViewModel {
    /**
     * What the form shows.
     *
     * @param spec the setting, previewed or committed
     * @param calibratorId the calibrator that chose the range; empty if it was set by hand or came with the file
     * @param option the calibrator's first option that is not a file, if it has one
     * @param optionValue the value of that option as text
     * @param lo lower end of the requested range as text; empty while it is unknown
     * @param scale the resolved scale as text; the span of all scales if there are many
     * @param editable true if the ends of the range can be typed
     * @param blocks how the tensor is cut, if each block has its own range
     * @param locked reasons why fields cannot be changed
     * @param previous true if the resolved figures belong to earlier settings
     * @param calibrators ids to choose from; those that need importances are included if the importances are known
     */
    public record View(
            QuantSpec spec,
            Optional<String> calibratorId,
            Optional<OptionDoc> option,
            String optionValue,
            String lo,
            String hi,
            String scale,
            String zeroPoint,
            String effective,
            boolean editable,
            Optional<Blocks> blocks,
            Locked locked,
            boolean previous,
            List<String> calibrators) {}

    /**
     * How a tensor is cut into blocks.
     *
     * @param size number of values in a block
     * @param axis the axis along which the values of a block lie
     * @param axes the size of the tensor along each axis
     */
    public record Blocks(int size, int axis, List<Long> axes) {}

    /**
     * Reasons why fields cannot be changed, each a sentence; empty if the field can be changed.
     *
     * @param blockSize the reason that applies to the block size only
     */
    public record Locked(
            String bits, String symmetric, String signed, String narrow, String granularity, String blockSize) {}

    /** The granularity: how many ranges a tensor has. */
    public enum Cut {
        TENSOR,
        CHANNEL,
        BLOCK
    }

    /** What is shown in place of the form. */
    public enum Instead {
        /** Nothing: the form itself is shown. */
        FORM,
        NOTHING_OPEN,
        /** The tensor stays in float, but could be quantized. */
        FLOAT,
        /** The tensor is an activation that stays in float, and its range is not known yet. */
        FLOAT_UNSEEN
    }

    /** The block size if none was chosen. */
    private static final int USUAL_BLOCK = 32;

    private final SelectedTensor selected;
    private final Activations activations;
    private final Notices notices;
    private final ReadOnlyObjectWrapper<Instead> instead = new ReadOnlyObjectWrapper<>(Instead.NOTHING_OPEN);
    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());

    public QuantizerViewModel(SelectedTensor selected, Activations activations, Notices notices) {
        this.selected = selected;
        this.activations = activations;
        this.notices = notices;
        selected.viewProperty().subscribe(v -> {
            instead.set(v.map(QuantizerViewModel::instead).orElse(Instead.NOTHING_OPEN));
            view.set(v.flatMap(QuantizerViewModel::view));
        });
    }

    private static Instead instead(SelectedTensor.View v) {
        return v.spec().isPresent()
                ? Instead.FORM
                : v.subject() instanceof QuantizableTensor.Activation a
                                && a.sketch().isEmpty()
                        ? Instead.FLOAT_UNSEEN
                        : Instead.FLOAT;
    }

    private static Optional<View> view(SelectedTensor.View v) {
        return v.spec().map(spec -> {
            Optional<Clip.Auto> auto = spec.clip() instanceof Clip.Auto a ? Optional.of(a) : Optional.empty();
            Optional<OptionDoc> option = auto.flatMap(a -> calibrator(a.calibratorId()))
                    .flatMap(c -> c.options().stream()
                            .filter(o -> !o.type().equals("file"))
                            .findFirst());
            String value = option.map(o -> auto.orElseThrow().options().getOrDefault(o.name(), o.defaultValue()))
                    .orElse("");
            Optional<ClipRange> clip = v.clip();
            return new View(
                    spec,
                    auto.map(Clip.Auto::calibratorId),
                    option,
                    value,
                    clip.map(c -> Figures.value(c.lo())).orElse(""),
                    clip.map(c -> Figures.value(c.hi())).orElse(""),
                    v.measured().map(m -> QuantizerFigures.scale(m, v)).orElse(Figures.NONE),
                    v.measured().map(m -> QuantizerFigures.zeroPoint(m, v)).orElse(Figures.NONE),
                    v.measured().map(m -> QuantizerFigures.effective(m, v)).orElse(Figures.NONE),
                    v.draggable(),
                    blocks(v.subject(), spec),
                    locked(v.subject(), spec),
                    v.previous(),
                    Calibrators.all().stream()
                            .filter(c -> !c.needsImportance()
                                    || v.weighted()
                                    || auto.map(a -> a.calibratorId().equals(c.id()))
                                            .orElse(false))
                            .map(Calibrator::id)
                            .toList());
        });
    }

    private static Optional<Blocks> blocks(QuantizableTensor subject, QuantSpec spec) {
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

    private static Locked locked(QuantizableTensor subject, QuantSpec spec) {
        Quantizer scheme = spec.quantizer();
        SchemeTraits traits = scheme.traits();
        String title = scheme.title();
        String granularity = subject instanceof QuantizableTensor.Activation
                ? "an activation has one range"
                : subject.info().shape().rank() == 0
                        ? "a single value has one range"
                        : traits.blockSize() > 0 ? title + " has a scale for each block" : "";
        String narrow = !traits.choosesNarrowRange()
                ? title + " has no code to leave out"
                : !spec.symmetric()
                        ? "only symmetric codes can be restricted"
                        : !spec.signed() ? "only signed codes can be restricted" : "";
        return new Locked(
                traits.fixesBits()
                        ? title + " has codes of " + traits.minBits() + (traits.minBits() == 1 ? " bit" : " bits")
                        : "",
                traits.choosesSymmetric()
                        ? ""
                        : title + (traits.symmetric() ? " mirrors about 0" : " has two free ends"),
                traits.choosesSigned() ? "" : title + " has no unsigned codes",
                narrow,
                granularity,
                traits.blockSize() > 0 ? title + " has blocks of " + traits.blockSize() : "");
    }

    private static Optional<Calibrator> calibrator(String id) {
        return Calibrators.all().stream().filter(c -> c.id().equals(id)).findFirst();
    }

    public void setScheme(String id) {
        SchemeTraits traits = Quantizers.byId(id).traits();
        // An unsigned activation had a zero point for values below 0; a codebook has none.
        boolean below = !traits.isAffine()
                && selected.viewProperty()
                        .get()
                        .filter(v -> v.subject() instanceof QuantizableTensor.Activation)
                        .flatMap(SelectedTensor.View::sketch)
                        .map(seen -> seen.min() < 0)
                        .orElse(false);
        selected.change("scheme " + id, spec -> Quantizers.byId(id).adapt(below ? spec.withSigned(true) : spec));
    }

    /** @param bits a bit width that the scheme supports; any other value changes nothing */
    public void setBits(int bits) {
        SchemeTraits traits = view.get().map(v -> v.spec().quantizer().traits()).orElse(null);
        if (traits != null && bits >= traits.minBits() && bits <= traits.maxBits()) {
            selected.change(bits + " bits", spec -> spec.withBits(bits));
        }
    }

    /** Makes the grid symmetric or asymmetric. A range set by hand becomes symmetric with its larger magnitude. */
    public void setSymmetric(boolean symmetric) {
        selected.change(symmetric ? "symmetric" : "asymmetric", spec -> {
            Clip clip = !symmetric
                    ? spec.clip()
                    : switch (spec.clip()) {
                        case Clip.Manual(var range) -> new Clip.Manual(ClipRange.symmetric(range.absMax()));
                        case Clip.ManualPerChannel(var ranges) ->
                            new Clip.ManualPerChannel(ranges.stream()
                                    .map(r -> ClipRange.symmetric(r.absMax()))
                                    .toList());
                        case Clip.ManualPerBlock(var ranges) ->
                            new Clip.ManualPerBlock(ranges.stream()
                                    .map(r -> ClipRange.symmetric(r.absMax()))
                                    .toList());
                        case Clip.Auto auto -> auto;
                        case Clip.Fixed fixed -> fixed;
                    };
            return spec.withSymmetric(symmetric)
                    .withNarrowRange(symmetric && spec.signed())
                    .withClip(clip);
        });
    }

    public void setSigned(boolean signed) {
        selected.change(
                signed ? "signed" : "unsigned",
                spec -> spec.withSigned(signed).withNarrowRange(signed && spec.symmetric()));
    }

    public void setNarrowRange(boolean narrow) {
        selected.change(narrow ? "restricted range" : "full range", spec -> spec.withNarrowRange(narrow));
    }

    /** Chooses between one range for each channel and one for the tensor. */
    public void setPerChannel(boolean perChannel) {
        setCut(perChannel ? Cut.CHANNEL : Cut.TENSOR);
    }

    /** Sets the granularity. Ranges that were set for single slices are replaced by the scheme's default calibrator. */
    public void setCut(Cut cut) {
        switch (cut) {
            case TENSOR -> setGranularity("per tensor", Granularity.TENSOR);
            case CHANNEL -> setGranularity("per channel", Granularity.CHANNEL);
            case BLOCK ->
                setGranularity(
                        "per block of " + USUAL_BLOCK,
                        new Granularity.PerBlock(Granularity.PerBlock.DEFAULT_AXIS, USUAL_BLOCK));
        }
    }

    /**
     * Sets the number of values that share a scale. Text that is not an integer above 0 is reported and changes
     * nothing.
     */
    public void setBlockSize(String text) {
        view.get()
                .flatMap(View::blocks)
                .filter(b -> !text.strip().equals(Integer.toString(b.size())))
                .ifPresent(b -> {
                    OptionalDouble typed = Figures.parse(text);
                    if (typed.isEmpty()
                            || typed.getAsDouble() < 1
                            || typed.getAsDouble() != Math.rint(typed.getAsDouble())
                            || typed.getAsDouble() > Integer.MAX_VALUE) {
                        notices.problem("block size: a whole number of at least 1 is needed, got " + text.strip());
                        return;
                    }
                    int size = (int) typed.getAsDouble();
                    int axis = view.get()
                            .map(View::spec)
                            .map(QuantSpec::granularity)
                            .map(g -> g instanceof Granularity.PerBlock p ? p.axis() : -1)
                            .orElse(-1);
                    setGranularity("per block of " + size, new Granularity.PerBlock(axis, size));
                });
    }

    /** Sets the axis along which the values of a block lie, counted from 0. */
    public void setBlockAxis(int axis) {
        view.get()
                .flatMap(View::blocks)
                .filter(b -> axis != b.axis() && axis >= 0 && axis < b.axes().size())
                .ifPresent(b -> setGranularity("blocks along axis " + axis, new Granularity.PerBlock(axis, b.size())));
    }

    private void setGranularity(String title, Granularity granularity) {
        selected.change(title, spec -> {
            boolean keeps = spec.clip() instanceof Clip.Auto
                    || (spec.clip() instanceof Clip.Manual && !(granularity instanceof Granularity.PerTensor));
            return spec.granularity().equals(granularity)
                    ? spec
                    : spec.withGranularity(granularity)
                            .withClip(
                                    keeps
                                            ? spec.clip()
                                            : new Clip.Auto(
                                                    spec.quantizer().traits().defaultCalibrator()));
        });
    }

    public void setCalibrator(String id) {
        selected.change(
                "range from " + calibrator(id).map(Calibrator::title).orElse(id),
                spec -> spec.withClip(new Clip.Auto(id)));
    }

    /** Sets the calibrator's first option. An invalid value is reported and changes nothing. */
    public void setOption(String value) {
        view.get()
                .ifPresent(v -> v.option().ifPresent(option -> {
                    if (!value.strip().equals(v.optionValue()) && v.spec().clip() instanceof Clip.Auto auto) {
                        if (Figures.parse(value).isEmpty()) {
                            notices.problem(option.name() + ": a number is needed, got " + value);
                            return;
                        }
                        Map<String, String> options = new HashMap<>(auto.options());
                        options.put(option.name(), value.strip().replace(',', '.'));
                        selected.change(
                                option.name() + " " + value.strip(),
                                spec -> spec.withClip(new Clip.Auto(auto.calibratorId(), options)));
                    }
                }));
    }

    /**
     * Sets the lower end of the range. Text that is no number, or lies above the upper end, is reported and changes
     * nothing.
     */
    public void setLo(String text) {
        type("lo", text, true);
    }

    public void setHi(String text) {
        type("hi", text, false);
    }

    private void type(String field, String text, boolean low) {
        ClipRange now = selected.viewProperty()
                .get()
                .filter(SelectedTensor.View::draggable)
                .flatMap(SelectedTensor.View::clip)
                .orElse(null);
        if (now == null || text.strip().equals(Figures.value(low ? now.lo() : now.hi()))) {
            return;
        }
        OptionalDouble typed = Figures.parse(text);
        if (typed.isEmpty() || !Float.isFinite((float) typed.getAsDouble())) {
            notices.problem(field + ": a number is needed, got " + text);
            return;
        }
        float x = (float) typed.getAsDouble();
        boolean symmetric = view.get().map(v -> v.spec().symmetric()).orElse(false);
        if (symmetric) {
            if (low ? x >= 0 : x <= 0) {
                notices.problem(
                        field + ": a symmetric range needs a number " + (low ? "below" : "above") + " 0, got " + text);
                return;
            }
            selected.setRange(ClipRange.symmetric(Math.abs(x)));
        } else if (low ? x > now.hi() : x < now.lo()) {
            notices.problem(field + ": lo may not be above hi, got " + text);
        } else {
            selected.setRange(low ? new ClipRange(x, now.hi()) : new ClipRange(now.lo(), x));
        }
    }

    /** Gives all tensors of the same kind the same setting. */
    public void spread() {
        selected.viewProperty().get().ifPresent(v -> v.spec().ifPresent(spec -> activations.spread(v.subject(), spec)));
    }

    public ReadOnlyObjectProperty<Instead> insteadProperty() {
        return instead.getReadOnlyProperty();
    }

    /** What the form shows; empty if no tensor is selected, or if it stays in float. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
