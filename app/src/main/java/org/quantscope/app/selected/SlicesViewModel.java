package org.quantscope.app.selected;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.SliceExtents;

/** The slices of the selected tensor: the values and the range of each, and which one is selected. */
public final class SlicesViewModel {
    /** A channel is called wide if it is this many times as wide as the median channel: it spoils a common range. */
    private static final double WIDE = 3;

    /** The widest channel is not searched if there are more channels than this. */
    private static final int MOST_COMPARED = 1 << 14;

    /**
     * What to show.
     *
     * @param extents the smallest and the largest value of each slice; empty if there is nothing to compare
     * @param noun the word for a slice, in the singular
     * @param clips the clipping ranges: one for all slices, one for each, or none
     * @param chosen the selected slice, or {@link SelectedTensor#ALL}
     * @param hint a line of text about the slices
     * @param canSplit true if the channels share one range and could each have their own
     */
    public record View(
            Optional<SliceExtents> extents,
            String noun,
            List<ClipRange> clips,
            int chosen,
            String hint,
            boolean canSplit) {
        static final View NOTHING = new View(Optional.empty(), "channel", List.of(), SelectedTensor.ALL, "", false);
    }

    private final SelectedTensor selected;
    private final QuantizerViewModel quantizer;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.NOTHING);
    private boolean showing;
    private @Nullable SliceExtents compared;
    private Optional<Integer> widest = Optional.empty();

    public SlicesViewModel(SelectedTensor selected, QuantizerViewModel quantizer) {
        this.selected = selected;
        this.quantizer = quantizer;
        selected.viewProperty().subscribe(v -> refresh());
    }

    /** Says whether this page is visible; it follows the selected tensor only then. */
    public void setShowing(boolean showing) {
        this.showing = showing;
        refresh();
    }

    /** Selects a slice; {@link SelectedTensor#ALL} selects all of them. */
    public void select(int slice) {
        selected.selectSlice(slice);
    }

    /** Gives each channel its own range. */
    public void split() {
        quantizer.setPerChannel(true);
    }

    private void refresh() {
        if (showing) {
            view.set(selected.viewProperty().get().map(this::view).orElse(View.NOTHING));
        }
    }

    private View view(SelectedTensor.View v) {
        boolean some = v.count() > 1;
        List<ClipRange> clips = v.spec().isEmpty() || v.measured().isEmpty()
                ? List.of()
                : clips(v, v.measured().get());
        return new View(
                v.slices().filter(s -> some),
                v.noun(),
                clips,
                v.slice(),
                hint(v, some),
                some && v.spec().isPresent() && !v.ownRanges());
    }

    private static List<ClipRange> clips(SelectedTensor.View v, Measured m) {
        return !v.ownRanges() || m.requested().size() != v.count() ? List.of(m.envelope()) : m.requested();
    }

    private String hint(SelectedTensor.View v, boolean some) {
        if (!some) {
            return v.subject() instanceof QuantizableTensor.Activation
                    ? "an activation has one range"
                    : v.slices().isEmpty() ? "" : "one " + v.noun();
        }
        String n = Figures.count(v.count()) + " " + v.noun() + "s";
        if (v.ownRanges()) {
            return v.tooMany()
                    ? n + ", a range each · more than " + Figures.count(SelectedTensor.MOST_BY_HAND)
                            + " are not set by hand"
                    : v.slice() == SelectedTensor.ALL
                            ? n + ", a range each · click one to drag its range"
                            : n + ", a range each";
        }
        SliceExtents extents = v.slices().orElseThrow();
        if (!extents.equals(compared)) {
            compared = extents;
            widest = widest(extents);
        }
        return widest.map(w -> "channel " + w + " sets the range of all " + n).orElse(n + " share one range");
    }

    /**
     * The widest channel, if it is so much wider than the median one that a common range makes the steps of the others
     * too large.
     */
    private static Optional<Integer> widest(SliceExtents extents) {
        if (extents.size() > MOST_COMPARED) {
            return Optional.empty();
        }
        float[] widths = new float[extents.size()];
        int widest = 0;
        for (int i = 0; i < widths.length; i++) {
            widths[i] = extents.absMax(i);
            widest = widths[i] > widths[widest] ? i : widest;
        }
        float most = widths[widest];
        Arrays.sort(widths);
        return most > WIDE * widths[widths.length / 2] ? Optional.of(widest) : Optional.empty();
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
