package org.quantscope.app.selected;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.LayerOutputs;
import org.quantscope.app.session.Memo;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.SliceExtents;
import org.quantscope.core.quant.SliceReader;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * What is known about the values of the selected tensor: all of them, how they are cut into ranges, those of one slice,
 * and the error as a function of the clip. Everything is read or computed in the background at the first request, and
 * kept. Used on the FX thread only.
 */
final class TensorValues {
    private static final int SKETCHES_KEPT = 64;
    private static final int CUTS_KEPT = 4;
    private static final int SLICES_KEPT = 8;
    private static final int CURVES_KEPT = 64;

    /** Everything that the curve depends on: the values, and the grid apart from its clip. */
    private record CurveKey(MomentSketch values, QuantSpec grid, Importances importances) {}

    private record SketchKey(int opened, TensorId id, String variant) {}

    private record ExtentsKey(SketchKey tensor, Granularity granularity) {}

    private record SliceKey(ExtentsKey cut, int slice) {}

    private final Workbench bench;
    private final LayerOutputs outputs;
    private final Runnable changed;
    private final Memo<SketchKey, MomentSketch> sketches;
    private final Memo<ExtentsKey, SliceExtents> extents;
    private final Memo<SliceKey, MomentSketch> inSlice;
    private final Memo<CurveKey, ClipCurve> curves;
    private int opened;
    /** How the last requested tensor is cut into slices, if it is. */
    private @Nullable ExtentsKey cut;

    /** @param changed runs when a requested result is ready */
    TensorValues(Workbench bench, LayerOutputs outputs, Background background, Runnable changed) {
        this.bench = bench;
        this.outputs = outputs;
        this.changed = changed;
        this.sketches = new Memo<>(background, LruCache.ofEntries(SKETCHES_KEPT));
        this.extents = new Memo<>(background, LruCache.ofEntries(CUTS_KEPT));
        this.inSlice = new Memo<>(background, LruCache.ofEntries(SLICES_KEPT));
        this.curves = new Memo<>(background, LruCache.ofEntries(CURVES_KEPT));
    }

    /** Drops everything, because another file is open. */
    void forget() {
        opened++;
        sketches.clear();
        extents.clear();
        inSlice.clear();
        curves.clear();
    }

    /** Cancels the computation of a curve, because no tensor is selected or nobody sees the curve. */
    void stop() {
        curves.stop();
    }

    /**
     * A sketch of all values of a tensor; empty until they have been read, or for an activation until it is calibrated.
     */
    Optional<MomentSketch> sketch(QuantizableTensor subject) {
        return switch (subject) {
            case QuantizableTensor.Activation a -> a.sketch();
            case QuantizableTensor.Weight w ->
                sketches.ask(key(w), (cancel, partial) -> MomentSketch.of(w.tensor(), cancel), changed);
        };
    }

    private SketchKey key(QuantizableTensor.Weight w) {
        return new SketchKey(opened, w.id(), bench.variant());
    }

    /**
     * How a tensor is cut into ranges, or into channels if it has one range. Empty until the values have been read.
     *
     * @param onOtherCut runs if the same tensor was cut in another way before
     */
    Optional<SliceExtents> extents(QuantizableTensor subject, Optional<QuantSpec> spec, Runnable onOtherCut) {
        if (!(subject instanceof QuantizableTensor.Weight w) || w.info().shape().rank() == 0) {
            cut = null;
            extents.stop();
            return Optional.empty();
        }
        Slicing slicing;
        try {
            Granularity wanted = spec.map(QuantSpec::granularity)
                    .filter(g -> !(g instanceof Granularity.PerTensor))
                    .orElse(Granularity.CHANNEL);
            slicing = Slicing.of(w.info(), wanted);
        } catch (IllegalArgumentException e) {
            // A setting that does not fit this tensor is refused by the resolver; there is nothing to draw here.
            return Optional.empty();
        }
        ExtentsKey key = new ExtentsKey(key(w), slicing.granularity());
        // The granularity has changed, so the selected slice does not exist any more.
        if (cut != null && !cut.equals(key) && cut.tensor.equals(key.tensor)) {
            onOtherCut.run();
        }
        cut = key;
        return extents.ask(key, (cancel, partial) -> SliceExtents.of(w.tensor(), slicing, cancel), changed);
    }

    /** The values of one slice of the tensor whose slices were last requested; empty until they have been read. */
    Optional<MomentSketch> inSlice(QuantizableTensor subject, SliceExtents known, int index) {
        if (cut == null || !(subject instanceof QuantizableTensor.Weight w)) {
            return Optional.empty();
        }
        return inSlice.ask(
                new SliceKey(cut, index),
                (cancel, partial) -> {
                    float[] values = SliceReader.read(w.tensor().data(), known.slicing(), index, cancel);
                    return MomentSketch.of(values, 0, values.length);
                },
                changed);
    }

    /**
     * The error as a function of the clip; empty until it has been computed, or if a single clip does not describe what
     * is shown.
     */
    Optional<ClipCurve> curve(SelectedTensor.View v) {
        MomentSketch values = v.shown().orElse(null);
        QuantSpec spec = v.spec().orElse(null);
        if (values == null || spec == null || !hasCurve(v)) {
            curves.stop();
            return Optional.empty();
        }
        CurveKey key = new CurveKey(
                values,
                spec.withClip(new Clip.Auto("minmax")),
                v.weighted() || v.reads().isPresent() ? bench.importances() : Importances.NONE);
        return curves.ask(
                key,
                (cancel, partial) -> {
                    // What goes by the output takes longer, so the rest comes first.
                    if (v.reads().isPresent()) {
                        partial.accept(ClipCurve.of(values, spec, clip -> Optional.empty(), cancel));
                    }
                    ClipCurve curve = ClipCurve.of(
                            values,
                            spec,
                            clip -> v.subject() instanceof QuantizableTensor.Weight w
                                            && v.knows(Calibrators.byId(clip.calibratorId()))
                                    ? Optional.of(RangeResolver.resolve(
                                                    w.tensor(), spec.withClip(clip), key.importances, cancel)
                                            .requested()
                                            .get(v.ownRanges() ? v.slice() : 0))
                                    : Optional.empty(),
                            cancel);
                    return curve.withOutputs(
                            curve.points().isEmpty() ? List.of() : outputs(v, values, spec, key.importances, cancel));
                },
                changed);
    }

    /**
     * The error at the output at some clips: of the whole layer if the tensor has one range, else of the output channel that
     * is shown; empty for other slices, whose errors at an output are not theirs alone.
     */
    private List<ClipCurve.OutputPoint> outputs(
            SelectedTensor.View v, MomentSketch values, QuantSpec spec, Importances known, CancelToken cancel) {
        if (!(v.subject() instanceof QuantizableTensor.Weight w)) {
            return List.of();
        }
        LayerOutput layer = outputs.of(w.tensor(), known, cancel).orElse(null);
        if (layer == null) {
            return List.of();
        }
        List<ClipCurve.OutputPoint> points = new ArrayList<>();
        for (ClipRange clip : ClipCurve.outputClips(values, spec)) {
            cancel.check();
            QuantParams params = RangeResolver.resolve(values, spec, clip);
            Optional<OutputError> error = v.ownRanges()
                    ? layer.errorOfSlice(v.slices().orElseThrow().slicing(), v.slice(), params.grid(0))
                    : Optional.of(layer.error(RangeResolver.resolve(w.tensor(), spec, List.of(clip)), cancel));
            if (error.isEmpty()) {
                return List.of();
            }
            points.add(new ClipCurve.OutputPoint(
                    ClipCurve.position(clip),
                    error.get().mse() / Math.max(Double.MIN_NORMAL, error.get().signal())));
        }
        return points;
    }

    /** True if a single clip describes what is shown. */
    static boolean hasCurve(SelectedTensor.View v) {
        return v.shown().isPresent() && v.spec().isPresent() && (!v.ownRanges() || v.slice() != SelectedTensor.ALL);
    }
}
