package org.quantscope.app.selected;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.SimpleBooleanProperty;
import org.quantscope.app.session.ErrorFigures;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.figure.Sentences;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.metric.CodeReport;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.sketch.MomentSketch;

/** The error of the selected tensor as text. Every figure is exact, or marked as an estimate or as previous. */
public final class ErrorViewModel {
    private static final String WATCHER = "error";

    private static final String ABOUT =
            "What this range does to the output of the layer: 10·log10 of its mean square to"
                    + " that of the error there, in dB; more is better.";

    /** The RMSE in steps if errors are spread evenly over a step: 1/√12. */
    private static final double IDEAL = 1 / Math.sqrt(12);

    /**
     * What to show, as text.
     *
     * @param output the error at the output of the layer
     * @param split how the error comes about
     * @param sentences what the range does, at most two sentences
     * @param bitsPerWeight the stored bits of a value, scales included
     * @param notes how many values are left out because they are no numbers, or mask values, and how many scales are raised;
     *     empty if none
     * @param whose under a rounding that looks at the whole layer, whether these are nearest levels or its codes; else
     *     empty
     * @param previous true if the figures belong to earlier settings
     */
    public record View(
            Deviation deviation,
            AtOutput output,
            Clipped clipped,
            Split split,
            List<String> sentences,
            String bitsPerWeight,
            String notes,
            String whose,
            boolean previous) {}

    /**
     * The error at the output of the layer.
     *
     * @param shown false for activations, which have none
     * @param sqnr in dB; empty if it is not known
     * @param why a clause that says why it is not known; empty if it is
     * @param about what the figure says and what it rests on
     * @param previous true if it belongs to an earlier setting
     */
    public record AtOutput(boolean shown, String sqnr, String why, String about, boolean previous) {
        static final AtOutput NONE = new AtOutput(false, "", "", "", false);
    }

    /** How far the quantized values are from the original ones. */
    public record Deviation(String mse, String sqnr, String cosine, String maxError) {
        private static Deviation of(ErrorFigures e) {
            String about = about(e);
            return new Deviation(
                    about + Figures.mse(e.mse()),
                    e.sqnrDb().isEmpty() ? Figures.NONE : about + Figures.decibels(e.sqnrDb()),
                    e.cosine().isEmpty()
                            ? Figures.NONE
                            : about
                                    + String.format(
                                            Locale.ROOT, "%.4f", e.cosine().getAsDouble()),
                    e.maxAbsError().isEmpty()
                            ? Figures.NONE
                            : about + Figures.value(e.maxAbsError().getAsDouble()));
        }
    }

    /**
     * The share of the values that are clipped.
     *
     * @param all with the count
     * @param low at the lower end
     * @param high at the upper end
     */
    public record Clipped(String all, String low, String high) {
        private static Clipped of(ErrorFigures e) {
            String about = about(e);
            return new Clipped(
                    about + Figures.percent(e.clippedFraction()) + " (" + Figures.count(Math.round(e.clipped()))
                            + " of " + Figures.count(e.count()) + ")",
                    about + Figures.percent(e.clippedLowFraction()),
                    about + Figures.percent(e.clippedHighFraction()));
        }
    }

    /**
     * How much of the squared error is clipping, the rest being rounding.
     *
     * @param any false if there is no error
     * @param clipping from 0 to 1
     * @param text both in words
     */
    public record Split(boolean any, double clipping, String text) {
        private static Split of(ErrorFigures e) {
            boolean any = e.mse() > 0;
            long percent = Math.round(e.clippingShare() * 100);
            return new Split(
                    any,
                    e.clippingShare(),
                    any ? "rounding " + (100 - percent) + " % · clipping " + percent + " %" : "no error");
        }
    }

    /**
     * Figures that need a pass over the codes.
     *
     * @param previous true if the figures belong to earlier settings
     */
    public record More(
            String mae, String rmseInSteps, String psnr, String usedCodes, String entropy, boolean previous) {}

    private final SelectedTensor selected;
    private final Measurements measurements;
    private final CodeUse use;
    private final OutputNote outputNote;
    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final ReadOnlyObjectWrapper<Optional<More>> more = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final BooleanProperty unfolded = new SimpleBooleanProperty(this, "unfolded");

    public ErrorViewModel(SelectedTensor selected, Measurements measurements, CodeUse use, OutputNote outputNote) {
        this.outputNote = outputNote;
        this.measurements = measurements;
        this.selected = selected;
        this.use = use;
        selected.viewProperty().subscribe(v -> {
            view.set(v.flatMap(this::view));
            refreshMore();
        });
        use.viewProperty().subscribe(x -> refreshMore());
        unfolded.subscribe(on -> {
            use.watch(WATCHER, on);
            refreshMore();
        });
    }

    private Optional<View> view(SelectedTensor.View v) {
        return v.spec().isEmpty()
                ? Optional.empty()
                : v.measured().filter(m -> m.error().count() > 0).map(m -> {
                    ErrorFigures e = m.error();
                    return new View(
                            Deviation.of(e),
                            atOutput(v, m),
                            Clipped.of(e),
                            Split.of(e),
                            Sentences.of(seen(v, m)),
                            bitsPerWeight(v.subject(), m),
                            Stream.of(v.sketch().flatMap(ErrorViewModel::leftOut), raised(v, m))
                                    .flatMap(Optional::stream)
                                    .collect(Collectors.joining("; ")),
                            whose(v),
                            v.previous());
                });
    }

    private static String whose(SelectedTensor.View v) {
        if (!(v.subject() instanceof QuantizableTensor.Weight)
                || v.previous()
                || v.spec().map(QuantSpec::isNearest).orElse(true)) {
            return "";
        }
        return v.codes().state() == HandCodes.State.CHOSEN ? "chosen codes" : "nearest levels";
    }

    private static Sentences.Seen seen(SelectedTensor.View v, Measured m) {
        ErrorFigures e = m.error();
        boolean one = m.params().slices() == 1;
        return new Sentences.Seen(
                e.count(),
                e.clipped(),
                e.mse(),
                e.clippingMse(),
                e.exact(),
                v.sketch().orElse(null),
                one ? m.params().grid(0) : null,
                v.subject() instanceof QuantizableTensor.Weight ? "weight" : "value");
    }

    /** While the figure of a new range is on its way, that of the last one stays, marked. */
    private AtOutput atOutput(SelectedTensor.View v, Measured m) {
        if (!(v.subject() instanceof QuantizableTensor.Weight)) {
            return AtOutput.NONE;
        }
        LayerReading reads = v.values().reads();
        if (reads.moments().isEmpty()) {
            return new AtOutput(true, "", reads.why(), ABOUT, false);
        }
        String about = ABOUT + "\nRests on " + reads.restsOn() + ", "
                + Figures.count(reads.moments().get().count())
                + " inputs of the layer in all, as the float model has them.";
        if (m.output().isEmpty()) {
            boolean same = view.get()
                    .map(before -> before.output.about.startsWith(about))
                    .orElse(false);
            return new AtOutput(true, same ? view.get().orElseThrow().output.sqnr : Figures.NONE, "", about, true);
        }
        OutputError error = m.output().get();
        String sqnr = error.sqnrDb().isEmpty()
                ? Figures.NONE
                : (error.exact() ? "" : Figures.ABOUT) + Figures.decibels(error.sqnrDb());
        return new AtOutput(
                true,
                sqnr,
                "",
                about + "\nMean squared error " + (error.exact() ? "" : Figures.ABOUT) + Figures.mse(error.mse())
                        + ", in squared units of the output.",
                v.previous());
    }

    private static String about(ErrorFigures e) {
        return e.exact() ? "" : Figures.ABOUT;
    }

    private static String bitsPerWeight(QuantizableTensor subject, Measured m) {
        return switch (subject) {
            case QuantizableTensor.Weight w ->
                String.format(
                        Locale.ROOT,
                        "%.3f",
                        m.spec()
                                .quantizer()
                                .bitsPerWeight(
                                        m.spec(),
                                        w.info().shape().count(),
                                        m.params().slices()));
            // Activations are not stored.
            case QuantizableTensor.Activation _ -> Figures.NONE;
        };
    }

    private void refreshMore() {
        if (!unfolded.get()) {
            return;
        }
        more.set(use.viewProperty()
                .get()
                .flatMap(u -> selected.viewProperty()
                        .get()
                        .filter(v -> u.report().count() > 0)
                        .flatMap(SelectedTensor.View::measured)
                        .map(m -> {
                            CodeReport r = u.report();
                            String about = u.exact() ? "" : Figures.ABOUT;
                            // The error belongs to the present setting; beside one from an earlier setting the figure
                            // is left out.
                            String psnr =
                                    u.previous() || r.psnrDb(m.error().mse()).isEmpty()
                                            ? Figures.NONE
                                            : (u.exact() && m.error().exact() ? "" : Figures.ABOUT)
                                                    + Figures.decibels(
                                                            r.psnrDb(m.error().mse()));
                            return new More(
                                    about + Figures.mse(r.mae()),
                                    r.rmseInSteps().isEmpty()
                                            ? Figures.NONE
                                            : about
                                                    + String.format(
                                                            Locale.ROOT,
                                                            "%.4f (ideal %.4f)",
                                                            r.rmseInSteps().getAsDouble(),
                                                            IDEAL),
                                    psnr,
                                    about + Figures.count(r.usedCodes()) + " of " + Figures.count(r.codes()),
                                    about
                                            + String.format(
                                                    Locale.ROOT,
                                                    "%.2f of %d bits",
                                                    r.entropy(),
                                                    m.spec().bits()),
                                    u.previous());
                        })));
    }

    /** How many scales are raised, and whether the figures are those of the raised ones. */
    private Optional<String> raised(SelectedTensor.View v, Measured m) {
        ResolvedSettings all = measurements.snapshotProperty().get().resolved();
        int n = all.raisedScales().getOrDefault(v.subject().id(), 0);
        if (n == 0) {
            return Optional.empty();
        }
        boolean shown = all.find(v.subject().id())
                .map(t -> t.params().equals(m.params()))
                .orElse(true);
        return Optional.of(
                shown || v.preview()
                        ? "dead channels: " + Figures.count(n) + (n == 1 ? " scale is" : " scales are")
                                + " raised to the smallest that every target takes, as in evaluation and exports"
                        : Figures.count(n) + (n == 1 ? " scale is" : " scales are")
                                + " raised in evaluation and exports, so that the bias fits 32 bits; these figures are"
                                + " those before");
    }

    private static Optional<String> leftOut(MomentSketch sketch) {
        List<String> parts = new ArrayList<>();
        if (sketch.nan() + sketch.inf() > 0) {
            parts.add(Figures.count(sketch.nan()) + " NaN and " + Figures.count(sketch.inf())
                    + " infinite values are left out");
        }
        if (sketch.masks().isPresent()) {
            parts.add("mask values: " + Figures.percent(sketch.maskShare()) + ", left out; they become the last level");
        }
        return parts.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", parts));
    }

    /** Empty if no tensor is selected, or if it stays in float. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }

    /** The less important figures; they are computed only while {@link #unfoldedProperty} is true. */
    public ReadOnlyObjectProperty<Optional<More>> moreProperty() {
        return more.getReadOnlyProperty();
    }

    /** A sentence where the least error of the tensor is not a good one at the output of its layer; else empty. */
    public ReadOnlyStringProperty outputNoteProperty() {
        return outputNote.textProperty();
    }

    /** Whether the less important figures are visible. */
    public BooleanProperty unfoldedProperty() {
        return unfolded;
    }
}
