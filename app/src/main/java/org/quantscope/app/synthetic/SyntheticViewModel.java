package org.quantscope.app.synthetic;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.session.Background;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.synthetic.Distribution;
import org.quantscope.core.synthetic.Distribution.Parameter;
import org.quantscope.core.synthetic.SyntheticFile;
import org.quantscope.core.synthetic.SyntheticTensor;
import org.quantscope.core.tensor.Tensor;

/** A recipe of a synthetic tensor that is being chosen, and what its values and their error would be. */
public final class SyntheticViewModel {
    public static final int LEAST_LOG_SIZE = 10;
    public static final int MOST_LOG_SIZE = 18;
    public static final int MOST_SEED = 999;

    private static final int USUAL_LOG_SIZE = 13;

    /**
     * What to show.
     *
     * @param preview of the last recipe that was drawn; empty until the first is
     * @param previous true if the preview belongs to an earlier recipe
     */
    public record View(SyntheticTensor recipe, QuantSpec spec, Optional<Preview> preview, boolean previous) {}

    /** The values and their error. */
    public record Preview(MomentSketch values, Grid grid, ClipRange clip, String error, String parts) {}

    private final Background background;
    private final LatestWins<Preview> drawing;
    private final ReadOnlyObjectWrapper<View> view;

    public SyntheticViewModel(Background background) {
        this.background = background;
        this.drawing = background.latest(LatestWins.Mode.CONFLATE);
        SyntheticTensor first = new SyntheticTensor(Distribution.LAPLACE, 1, 1 << USUAL_LOG_SIZE);
        view = new ReadOnlyObjectWrapper<>(
                new View(first, QuantSpec.WEIGHTS.withBits(4).withClip(new Clip.Auto("mse")), Optional.empty(), true));
    }

    /** Draws the values, if that was not done before. */
    public void show() {
        if (view.get().preview().isEmpty()) {
            show(view.get().recipe(), view.get().spec());
        }
    }

    /** Takes another distribution, with its usual parameters. */
    public void choose(Distribution distribution) {
        SyntheticTensor old = view.get().recipe();
        if (distribution != old.distribution()) {
            show(
                    new SyntheticTensor(distribution, old.seed(), old.size()),
                    view.get().spec());
        }
    }

    /** Sets a parameter; a count is rounded to one that fits the size. */
    public void set(Parameter parameter, double value) {
        SyntheticTensor old = view.get().recipe();
        Map<String, Double> all = new TreeMap<>(old.parameters());
        all.put(parameter.name(), fitting(parameter, value));
        show(
                new SyntheticTensor(old.distribution(), all, old.seed(), old.size()),
                view.get().spec());
    }

    /** Three significant digits, so that a recipe and its file have short numbers. */
    private static double fitting(Parameter parameter, double value) {
        double inside = Math.clamp(value, parameter.least(), parameter.most());
        if (parameter.name().equals("channels")) {
            return Math.scalb(1.0, (int) Math.round(Math.log(inside) / Math.log(2)));
        }
        if (parameter.whole()) {
            return Math.rint(inside);
        }
        double rounded = inside == 0 ? 0 : Double.parseDouble(String.format(Locale.ROOT, "%.2e", inside));
        return Math.clamp(rounded, parameter.least(), parameter.most());
    }

    /** Sets the number of values to a power of two. */
    public void setLogSize(int log) {
        SyntheticTensor old = view.get().recipe();
        int size = 1 << Math.clamp(log, LEAST_LOG_SIZE, MOST_LOG_SIZE);
        show(
                new SyntheticTensor(old.distribution(), old.parameters(), old.seed(), size),
                view.get().spec());
    }

    public void setSeed(int seed) {
        SyntheticTensor old = view.get().recipe();
        show(
                new SyntheticTensor(old.distribution(), old.parameters(), Math.clamp(seed, 0, MOST_SEED), old.size()),
                view.get().spec());
    }

    /** Sets the width of the codes in the preview. */
    public void setBits(int bits) {
        show(view.get().recipe(), view.get().spec().withBits(bits));
    }

    private void show(SyntheticTensor recipe, QuantSpec spec) {
        view.set(new View(recipe, spec, view.get().preview(), true));
        drawing.submit(
                (cancel, partial) -> draw(recipe, spec, cancel),
                made -> view.set(new View(
                        view.get().recipe(),
                        view.get().spec(),
                        Optional.of(made),
                        !view.get().recipe().equals(recipe)
                                || !view.get().spec().equals(spec))),
                e -> background.problem(e));
    }

    private static Preview draw(SyntheticTensor recipe, QuantSpec spec, CancelToken cancel) {
        Tensor tensor = recipe.tensor("w");
        var resolved = RangeResolver.resolve(tensor, spec, cancel);
        ErrorReport error = ErrorPass.measure(tensor, resolved.params(), cancel);
        long clipping = error.mse() > 0 ? Math.round(100 * error.clippingMse() / error.mse()) : 0;
        return new Preview(
                MomentSketch.of(tensor, cancel),
                resolved.params().grid(0),
                resolved.requested().getFirst(),
                Figures.decibels(error.sqnrDb()) + " SQNR · MSE " + Figures.mse(error.mse()),
                error.mse() > 0
                        ? Figures.count(error.clipped()) + (error.clipped() == 1 ? " value" : " values")
                                + " clipped · rounding " + (100 - clipping) + " % · clipping " + clipping
                                + " % of the error"
                        : "no error");
    }

    /**
     * Writes the recipe into a folder, for the window to open.
     *
     * @return the file, named by the recipe
     */
    public Path write(Path folder) throws IOException {
        SyntheticTensor recipe = view.get().recipe();
        Files.createDirectories(folder);
        Path file = folder.resolve(recipe.name() + SyntheticFile.EXTENSION);
        SyntheticFile.write(file, recipe);
        return file;
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
