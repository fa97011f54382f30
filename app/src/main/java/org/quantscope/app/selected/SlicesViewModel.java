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

/** The slices of the tensor in hand: the values of each, its range, and which one the hand holds. */
public final class SlicesViewModel {
    /** How much wider than the middle one a channel is that spoils a common range. */
    private static final double WIDE = 3;

    /** Of more channels than this the widest is not looked for. */
    private static final int MOST_COMPARED = 1 << 14;

    /**
     * What is shown.
     *
     * @param extents of the slices; empty if there is nothing to compare
     * @param noun what a slice is called, in the singular
     * @param clips the clipping range: one for all slices, one for each, or none
     * @param chosen the slice in hand, or {@link SelectedTensor#ALL}
     * @param hint a line about them
     * @param canSplit true if the channels have one range and could have one each
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

    private final SelectedTensor inHand;
    private final QuantizerViewModel quantizer;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.NOTHING);
    private boolean showing;
    private @Nullable SliceExtents compared;
    private Optional<Integer> widest = Optional.empty();

    public SlicesViewModel(SelectedTensor inHand, QuantizerViewModel quantizer) {
        this.inHand = inHand;
        this.quantizer = quantizer;
        inHand.viewProperty().subscribe(v -> refresh());
    }

    /** Whether this page is looked at; it follows the tensor in hand only then. */
    public void setShowing(boolean showing) {
        this.showing = showing;
        refresh();
    }

    /** Takes a slice in hand; {@link SelectedTensor#ALL} for all of them. */
    public void select(int slice) {
        inHand.selectSlice(slice);
    }

    /** Gives each channel a range of its own. */
    public void split() {
        quantizer.setPerChannel(true);
    }

    private void refresh() {
        if (showing) {
            view.set(inHand.viewProperty().get().map(this::view).orElse(View.NOTHING));
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
        return widest.map(w -> n + " · one range for all spends its levels on channel " + w)
                .orElse(n + " share one range");
    }

    /** The widest channel, if it is so much wider than the middle one that the others pay for it. */
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
