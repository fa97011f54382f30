package org.quantscope.app.selected;

import java.util.Locale;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.util.Subscription;
import org.quantscope.app.session.ErrorFigures;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.metric.CodeCounts;
import org.quantscope.core.metric.CodeReport;
import org.quantscope.core.tensor.BlockFormat;
import org.quantscope.core.tensor.TensorData;

/** How often each code is used: data for the bar chart, and figures as text. */
public final class CodesViewModel {
    private static final String WATCHER = "codes";

    /**
     * What to show.
     *
     * @param previous true if the figures belong to earlier settings
     */
    public record View(Strip strip, Words words, boolean previous) {}

    /**
     * What is drawn.
     *
     * @param first the number of the lowest code
     * @param clippedLow share of the values below the lowest level, 0 to 1
     * @param clippedHigh share of the values above the highest level, 0 to 1
     */
    public record Strip(CodeCounts counts, int first, double clippedLow, double clippedHigh) {}

    /**
     * What is said of it.
     *
     * @param used {@code n of N} codes, and whether they are chosen by a rounding
     * @param entropy in bits, beside the bits of a code
     * @param saved the share of a code's bits that ideal lossless coding would save
     * @param klDivergence between the histograms before and after quantization, in nats; of nearest levels only
     * @param clipped values below and above the range as text, low then high
     */
    public record Words(String used, String entropy, String saved, String klDivergence, String clipped) {}

    /**
     * The grid that the file itself has for a group of values of a weight that it holds in blocks.
     *
     * @param said the type, its rule, the levels of this group, and what is not known
     * @param groups how many there are
     * @param levels of this group, ascending
     */
    @SuppressWarnings("ArrayRecordComponent") // made for one drawing, never compared
    public record FileGrid(String said, long groups, float[] levels) {}

    private final SelectedTensor selected;
    private final CodeUse use;
    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());
    private boolean showing;

    public CodesViewModel(SelectedTensor selected, CodeUse use) {
        this.selected = selected;
        this.use = use;
        use.viewProperty().subscribe(x -> refresh());
        selected.viewProperty().subscribe(x -> refresh());
    }

    /** Says whether this page is visible; nothing is counted while it is not. */
    public void setShowing(boolean showing) {
        this.showing = showing;
        use.watch(WATCHER, showing);
        refresh();
    }

    private void refresh() {
        if (showing) {
            view.set(use.viewProperty()
                    .get()
                    .flatMap(u -> selected.viewProperty().get().flatMap(v -> view(u, v))));
        }
    }

    private static Optional<View> view(CodeUse.View u, SelectedTensor.View v) {
        if (v.measured().isEmpty() || u.report().count() == 0) {
            return Optional.empty();
        }
        CodeReport r = u.report();
        ErrorFigures e = v.measured().get().error();
        String about = u.exact() ? "" : Figures.ABOUT;
        String aboutClipped = e.exact() ? "" : Figures.ABOUT;
        int bits = v.measured().get().spec().bits();
        Strip strip = new Strip(r.counts(), u.params().qmin(), e.clippedLowFraction(), e.clippedHighFraction());
        Words words = new Words(
                about + Figures.count(r.usedCodes()) + " of " + Figures.count(r.codes())
                        + (u.chosen() ? " (chosen codes)" : ""),
                about + bits(r.entropy()) + " of " + bits,
                about + bits(r.savedBits(bits)) + " bits",
                Double.isNaN(r.klDivergence()) ? Figures.NONE : about + Figures.small(r.klDivergence()) + " nats",
                aboutClipped + Figures.percent(e.clippedLowFraction()) + " · "
                        + Figures.percent(e.clippedHighFraction()));
        return Optional.of(new View(strip, words, u.previous() || v.previous()));
    }

    /**
     * The file's own grid of one group of the selected weight; one block is read, the others are not.
     *
     * @param group from 0
     * @return empty if the file holds the weight in no blocks
     */
    public Optional<FileGrid> fileGrid(long group) {
        TensorData data = selected.viewProperty()
                .get()
                .map(v -> v.subject() instanceof QuantizableTensor.Weight w
                        ? w.tensor().data()
                        : null)
                .filter(d -> d.format().isPresent() && d.isRead() && d.count() > 0)
                .orElse(null);
        if (data == null) {
            return Optional.empty();
        }
        BlockFormat format = data.format().orElseThrow();
        long groups = data.count() / format.group();
        float[] levels =
                data.levels(Math.clamp(group, 0, groups - 1) * format.group()).orElseThrow();
        return Optional.of(new FileGrid(
                "In the file: " + format.id() + ", " + format.formula() + ", a scale for " + format.group()
                        + " values. This group has " + Figures.count(levels.length)
                        + (levels.length == 1 ? " level, " : " levels, ") + Figures.value(levels[0])
                        + (levels.length == 1 ? "" : " … " + Figures.value(levels[levels.length - 1]))
                        + ". What this grid cost is not known without the float original.",
                groups,
                levels));
    }

    /** Tells when another tensor is selected. */
    public Subscription onSelection(Runnable listener) {
        return selected.viewProperty()
                .map(v -> v.map(shown -> shown.subject().id()))
                .subscribe(id -> listener.run());
    }

    private static String bits(double x) {
        return String.format(Locale.ROOT, "%.2f", x);
    }

    /** Empty while nothing is counted, if no quantized tensor is selected, or before its values have been counted. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
