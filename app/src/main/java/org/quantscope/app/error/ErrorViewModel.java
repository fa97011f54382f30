package org.quantscope.app.error;

import java.util.Locale;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.workbench.ErrorFigures;
import org.quantscope.app.workbench.Figures;
import org.quantscope.app.workbench.InHand;
import org.quantscope.core.sketch.MomentSketch;

/** The error of the tensor in hand as text. Every figure is exact, or marked as an estimate, or marked as previous. */
public final class ErrorViewModel {
    /** Put in front of an estimate. */
    public static final String ABOUT = "≈ ";

    /**
     * What is shown.
     *
     * @param clippingShare the clipped values' share of the squared error, 0 to 1
     * @param hasError false if nothing is lost: there is nothing to split
     * @param nonFinite a sentence if the tensor holds NaN or infinities, else empty
     * @param previous true if the figures belong to an earlier setting
     */
    public record View(
            String mse,
            String sqnr,
            String cosine,
            String maxError,
            String clipped,
            double clippingShare,
            boolean hasError,
            String split,
            String nonFinite,
            boolean previous) {}

    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());

    public ErrorViewModel(InHand inHand) {
        inHand.viewProperty().subscribe(v -> view.set(v.flatMap(ErrorViewModel::view)));
    }

    private static Optional<View> view(InHand.View v) {
        return v.spec().isEmpty() ? Optional.empty() : v.measured().filter(m -> m.error().count() > 0).map(m -> {
            ErrorFigures e = m.error();
            String about = e.exact() ? "" : ABOUT;
            boolean hasError = e.mse() > 0;
            long clipping = Math.round(e.clippingShare() * 100);
            return new View(
                    about + Figures.mse(e.mse()),
                    e.sqnrDb().isEmpty() ? Figures.NONE : about + Figures.decibels(e.sqnrDb()),
                    e.cosine().isEmpty() ? Figures.NONE : about + String.format(Locale.ROOT, "%.4f", e.cosine().getAsDouble()),
                    e.maxAbsError().isEmpty() ? Figures.NONE : about + Figures.value(e.maxAbsError().getAsDouble()),
                    about + Figures.percent(e.clippedFraction()) + " (" + Figures.count(Math.round(e.clipped())) + " of " + Figures.count(e.count()) + ")",
                    e.clippingShare(),
                    hasError,
                    hasError ? "rounding " + (100 - clipping) + " % · clipping " + clipping + " %" : "no error",
                    v.sketch().map(ErrorViewModel::nonFinite).orElse(""),
                    v.previous());
        });
    }

    private static String nonFinite(MomentSketch sketch) {
        return sketch.nan() + sketch.inf() == 0
                ? ""
                : Figures.count(sketch.nan()) + " NaN and " + Figures.count(sketch.inf()) + " infinite values are left out";
    }

    /** Empty if there is nothing to say: no tensor, or one that stays float. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
