package org.quantscope.app.selected;

import java.util.Optional;
import java.util.OptionalDouble;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.LayerOutputs;
import org.quantscope.app.session.Memo;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.FittedQuantizer;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.Tensor;

/**
 * Where the clip with the least error of a weight is not a good one at the output of its layer, the sentence that says
 * so. Found in the background, for each weight and grid once.
 */
public final class OutputNote {
    private static final int KEPT = 256;
    /** So much better, in dB, another clip has to be before a sentence says so. */
    private static final double WORTH_SAYING = 1;

    private record Key(Tensor weight, QuantSpec grid, Importances known) {}

    private final Workbench bench;
    private final LayerOutputs outputs;
    private final SelectedTensor selected;
    private final Memo<Key, String> notes;
    private final ReadOnlyStringWrapper text = new ReadOnlyStringWrapper(this, "text", "");

    public OutputNote(Workbench bench, LayerOutputs outputs, SelectedTensor selected, Background background) {
        this.bench = bench;
        this.outputs = outputs;
        this.selected = selected;
        this.notes = new Memo<>(background, LruCache.ofEntries(KEPT));
        bench.modelProperty().subscribe(x -> notes.clear());
        selected.viewProperty().subscribe(v -> refresh());
    }

    private void refresh() {
        SelectedTensor.View v = selected.viewProperty().get().orElse(null);
        if (v == null
                || !(v.subject() instanceof QuantizableTensor.Weight w)
                || v.spec().isEmpty()
                // Under another rounding the clip is not what decides.
                || !v.spec().get().isNearest()
                || v.reads().isEmpty()
                || v.spec().get().quantizer() instanceof FittedQuantizer) {
            notes.stop();
            text.set("");
            return;
        }
        Key key = new Key(w.tensor(), v.spec().get().withClip(new Clip.Auto("minmax")), bench.importances());
        text.set(notes.ask(key, (cancel, partial) -> find(key, cancel), this::refresh)
                .orElse(""));
    }

    private String find(Key key, CancelToken cancel) {
        LayerOutput layer = outputs.of(key.weight, key.known, cancel).orElseThrow();
        Optional<OutputError> widest = error(key, "minmax", layer, cancel);
        Optional<OutputError> least = error(key, "mse", layer, cancel);
        Optional<OutputError> best = error(key, "output-mse", layer, cancel);
        if (widest.isEmpty() || least.isEmpty() || best.isEmpty()) {
            return "";
        }
        double ofWidest = db(widest.get());
        double ofLeast = db(least.get());
        double ofBest = db(best.get());
        String figures = decibels(ofLeast) + " there";
        if (ofWidest > ofLeast + WORTH_SAYING) {
            return "At the output the clip of least squared error is worse than min–max: " + figures + " against "
                    + decibels(ofWidest) + "; the best clip there has " + decibels(ofBest) + ".";
        }
        return ofBest > ofLeast + WORTH_SAYING
                ? "The clip of least squared error is not the best at the output: " + figures + ", the best clip "
                        + decibels(ofBest) + "."
                : "";
    }

    private static String decibels(double db) {
        return Double.isFinite(db) ? Figures.decibels(OptionalDouble.of(db)) : "no error";
    }

    private static double db(OutputError error) {
        return error.sqnrDb().orElse(Double.POSITIVE_INFINITY);
    }

    private static Optional<OutputError> error(Key key, String calibrator, LayerOutput layer, CancelToken cancel) {
        try {
            return Optional.of(layer.error(
                    RangeResolver.resolve(key.weight, key.grid.withClip(new Clip.Auto(calibrator)), key.known, cancel)
                            .params(),
                    cancel));
        } catch (IllegalArgumentException e) {
            // The resolver says what does not fit; there is nothing to compare.
            return Optional.empty();
        }
    }

    /** The sentence; empty if there is nothing to say. */
    public ReadOnlyStringProperty textProperty() {
        return text.getReadOnlyProperty();
    }
}
