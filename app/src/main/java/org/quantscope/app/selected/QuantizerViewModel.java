package org.quantscope.app.selected;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import javafx.beans.property.ReadOnlyIntegerProperty;
import javafx.beans.property.ReadOnlyIntegerWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.session.Activations;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Notices;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.SchemeTraits;
import org.quantscope.core.rounding.Roundings;

/** The settings of the selected tensor as a form; every change is one undo step. */
public final class QuantizerViewModel {
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
        FLOAT_UNSEEN;

        private static Instead of(SelectedTensor.View v) {
            return v.spec().isPresent()
                    ? FORM
                    : v.subject() instanceof QuantizableTensor.Activation a
                                    && a.sketch().isEmpty()
                            ? FLOAT_UNSEEN
                            : FLOAT;
        }
    }

    /** The block size if none was chosen. */
    private static final int USUAL_BLOCK = 32;

    private final SelectedTensor selected;
    private final Solutions solutions;
    private final Activations activations;
    private final Notices notices;
    private final ReadOnlyObjectWrapper<Instead> instead = new ReadOnlyObjectWrapper<>(Instead.NOTHING_OPEN);
    private final ReadOnlyObjectWrapper<Optional<QuantizerForm>> view = new ReadOnlyObjectWrapper<>(Optional.empty());

    private final ReadOnlyIntegerWrapper together = new ReadOnlyIntegerWrapper();
    private final ReadOnlyObjectWrapper<Map<MixedSettings.Setting, String>> mixed =
            new ReadOnlyObjectWrapper<>(Map.of());
    private final ReadOnlyObjectWrapper<RoundingNote> rounding = new ReadOnlyObjectWrapper<>(RoundingNote.NONE);

    /**
     * How far the codes of the selected weight are.
     *
     * @param text a sentence; empty where every value takes its nearest level
     * @param canGoOn true if choosing codes was stopped or has failed, and can be begun again
     */
    public record RoundingNote(String text, boolean canGoOn) {
        static final RoundingNote NONE = new RoundingNote("", false);
    }

    /** @param bench knows which tensors are marked in the list */
    public QuantizerViewModel(
            SelectedTensor selected, Solutions solutions, Activations activations, Workbench bench, Notices notices) {
        this.selected = selected;
        this.solutions = solutions;
        this.activations = activations;
        this.notices = notices;
        selected.viewProperty().subscribe(v -> {
            instead.set(v.map(Instead::of).orElse(Instead.NOTHING_OPEN));
            view.set(v.flatMap(QuantizerForm::of));
            count();
            note();
        });
        solutions.viewProperty().subscribe(x -> note());
        bench.chosenProperty().subscribe(x -> count());
        // The setting of another one of them may have changed.
        bench.stateProperty().subscribe(x -> count());
    }

    private void count() {
        together.set(selected.together());
        mixed.set(together.get() > 1 ? MixedSettings.of(selected.specsTogether()) : Map.of());
    }

    private static Optional<Calibrator> calibrator(String id) {
        return Calibrators.all().stream().filter(c -> c.id().equals(id)).findFirst();
    }

    private void note() {
        SelectedTensor.View v = selected.viewProperty().get().orElse(null);
        rounding.set(
                v == null
                                || !(v.subject() instanceof QuantizableTensor.Weight)
                                || v.spec().map(QuantSpec::isNearest).orElse(true)
                        ? RoundingNote.NONE
                        : note(v, solutions.viewProperty().get()));
    }

    private static RoundingNote note(SelectedTensor.View v, Solutions.View codes) {
        int open = codes.open();
        String still = open == 1 ? "one weight has" : open + " weights have";
        return switch (codes.status()) {
            case HOLD ->
                new RoundingNote(
                        codes.solved()
                                .map(s -> s.kept().get(v.subject().id()))
                                .map(why -> "It keeps its nearest levels: " + why + ".")
                                .orElse(v.preview() ? moving(v) : ranges(v)),
                        false);
            case WAITING, NEAREST, WORKING ->
                new RoundingNote("Codes are being chosen; nearest levels until then.", false);
            case STOPPED -> new RoundingNote("Stopped: " + still + " no codes of this rounding yet.", true);
            case NO_DATA ->
                new RoundingNote(
                        "It needs calibration data, which shows what the layer reads. Nearest levels until then.",
                        false);
            case FAILED -> new RoundingNote("No codes: " + codes.why(), true);
        };
    }

    /** Says whose codes are shown while the range moves. */
    private static String moving(SelectedTensor.View v) {
        String title =
                v.spec().map(spec -> Roundings.byId(spec.rounding()).title()).orElse("");
        return switch (v.codes().state()) {
            case NEAREST -> "Nearest levels while the range moves.";
            case COMING -> "Nearest levels until " + title + " has chosen codes for this range.";
            case ON_RELEASE ->
                "Nearest levels while the range moves: " + title
                        + " takes too long on a layer of this size, and chooses codes when you let go.";
            case CHOSEN -> "Codes of " + title + " for this range; the layers behind follow when you let go.";
        };
    }

    /** Says so where the rounding has chosen the ranges too. */
    private static String ranges(SelectedTensor.View v) {
        return v.spec()
                .filter(spec -> spec.clip() instanceof Clip.Auto
                        && Roundings.byId(spec.rounding()).choosesRanges())
                .map(_ -> "It has chosen the ranges too; one set by hand would stay.")
                .orElse("");
    }

    /** Chooses codes again, after it was stopped or has failed. */
    public void goOnRounding() {
        solutions.restart();
    }

    /** How the codes of weights are chosen, as one undo step. */
    public void setRounding(String id) {
        selected.change("rounding " + Roundings.byId(id).title(), spec -> spec.withRounding(id));
    }

    public ReadOnlyObjectProperty<RoundingNote> roundingProperty() {
        return rounding.getReadOnlyProperty();
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
                        case Clip.Dynamic dynamic -> dynamic;
                    };
            return spec.withSymmetric(symmetric)
                    .withRestrictedRange(symmetric && spec.signed())
                    .withClip(clip);
        });
    }

    public void setSigned(boolean signed) {
        selected.change(
                signed ? "signed" : "unsigned",
                spec -> spec.withSigned(signed).withRestrictedRange(signed && spec.symmetric()));
    }

    public void setRestrictedRange(boolean narrow) {
        selected.change(narrow ? "restricted range" : "full range", spec -> spec.withRestrictedRange(narrow));
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
                .flatMap(QuantizerForm::blocks)
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
                            .map(QuantizerForm::spec)
                            .map(QuantSpec::granularity)
                            .map(g -> g instanceof Granularity.PerBlock p ? p.axis() : -1)
                            .orElse(-1);
                    setGranularity("per block of " + size, new Granularity.PerBlock(axis, size));
                });
    }

    /** Sets the axis along which the values of a block lie, counted from 0. */
    public void setBlockAxis(int axis) {
        view.get()
                .flatMap(QuantizerForm::blocks)
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

    /** Sets who chooses the range: a calibrator, or the network as it runs. */
    public void setCalibrator(String id) {
        Optional<Clip.Dynamic> found = QuantizerForm.ChosenBy.found(id);
        if (found.isPresent()) {
            selected.change("range of each " + found.get().id(), spec -> spec.withClip(found.get()));
            return;
        }
        selected.change(
                "range from " + calibrator(id).map(Calibrator::title).orElse(id),
                spec -> spec.withClip(new Clip.Auto(id)));
    }

    /** Sets the calibrator's first option. An invalid value is reported and changes nothing. */
    public void setOption(String value) {
        view.get()
                .ifPresent(v -> v.chosenBy().option().ifPresent(option -> {
                    if (!value.strip().equals(v.chosenBy().optionValue())
                            && v.spec().clip() instanceof Clip.Auto auto) {
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

    /** How many tensors a change in the form changes; a range by hand is for the selected one alone. */
    public ReadOnlyIntegerProperty togetherProperty() {
        return together.getReadOnlyProperty();
    }

    /** In what the tensors of {@link #togetherProperty} differ, and with which values; the form shows the selected one. */
    ReadOnlyObjectProperty<Map<MixedSettings.Setting, String>> mixedProperty() {
        return mixed.getReadOnlyProperty();
    }

    /**
     * Gives all tensors that are edited together the settings that the form shows, as one undo step. A range by hand stays
     * with its tensor; the others have theirs chosen by the scheme's usual calibrator.
     */
    public void makeEqual() {
        view.get().map(QuantizerForm::spec).ifPresent(shown -> {
            QuantSpec others = shown.clip() instanceof Clip.Auto || shown.clip() instanceof Clip.Dynamic
                    ? shown
                    : shown.withClip(new Clip.Auto(shown.quantizer().traits().defaultCalibrator()));
            selected.change("same settings", spec -> spec.equals(shown) ? shown : others);
        });
    }

    public ReadOnlyObjectProperty<Instead> insteadProperty() {
        return instead.getReadOnlyProperty();
    }

    /** What the form shows; empty if no tensor is selected, or if it stays in float. */
    public ReadOnlyObjectProperty<Optional<QuantizerForm>> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
