package org.quantscope.app.workbench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.function.UnaryOperator;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.session.Edit;
import org.quantscope.core.sketch.ErrorEstimate;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * The tensor in hand: its sketch, its setting, and what comes of the setting, also while a handle is being dragged. A
 * preview answers at once from the sketch; an exact pass follows in the background; letting go makes one step of it.
 */
public final class InHand {
    /** All channels at once. */
    public static final int ALL_CHANNELS = -1;

    private static final int SKETCHES_KEPT = 64;

    private static final int CURVES_KEPT = 64;

    /**
     * What is on show.
     *
     * @param subject the tensor
     * @param spec its setting, previewed or committed; empty if it stays float
     * @param sketch its values; empty until they have been read
     * @param channels a sketch of each channel along the channel axis; empty until they have been read, or without channels
     * @param channel the channel that the handles belong to, or {@link #ALL_CHANNELS}
     * @param measured what came of the setting; of the setting before while {@code previous}
     * @param preview true while a handle is being dragged
     * @param previous true if {@code measured} belongs to an earlier setting
     * @param weighted true if it is known how much the error of each of its values matters
     */
    public record View(
            Subject subject,
            Optional<QuantSpec> spec,
            Optional<MomentSketch> sketch,
            List<MomentSketch> channels,
            int channel,
            Optional<Measured> measured,
            boolean preview,
            boolean previous,
            boolean weighted) {
        /** True if every channel has a range of its own. */
        public boolean perChannel() {
            return spec.map(s -> s.granularity() instanceof Granularity.PerChannel).orElse(false);
        }

        /** True if dragging a handle means something: there is a setting, and one range that the handles stand for. */
        public boolean draggable() {
            return spec.isPresent() && sketch.isPresent() && measured.isPresent() && (!perChannel() || channel != ALL_CHANNELS);
        }

        /** The slice of the parameters that the handles stand for. */
        public int slice() {
            return perChannel() ? Math.max(0, channel) : 0;
        }

        /** The requested range that the handles show: the slice's, or the hull of all channels. */
        public Optional<ClipRange> clip() {
            return measured.map(m -> perChannel() && channel != ALL_CHANNELS && channel < m.requested().size()
                    ? m.requested().get(channel)
                    : m.envelope());
        }

        /** The values that the handles clip: the tensor's, or those of the channel. */
        public Optional<MomentSketch> shown() {
            return channel != ALL_CHANNELS && channel < channels.size() ? Optional.of(channels.get(channel)) : sketch;
        }
    }

    /** Everything that a curve depends on: the values and the grid, whatever its clip. */
    private record CurveKey(MomentSketch values, QuantSpec grid, Importances importances) {}

    private record Sketches(MomentSketch whole, List<MomentSketch> channels, boolean complete) {}

    /** A change of an activation's setting whose range is being looked for. */
    private record Changing(Subject.Activation subject, QuantSpec spec) {}

    private record SketchKey(int opened, TensorId id, boolean folded) {}

    private final Workbench bench;
    private final Measurements measurements;
    private final Notices notices;
    private final LatestWins<Sketches> reading;
    private final LatestWins<ErrorReport> exact;
    private final LatestWins<ClipCurve> curves;
    private final LatestWins<ClipRange> choosing;
    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final ReadOnlyObjectWrapper<Optional<ClipCurve>> curve = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final Map<SketchKey, Sketches> sketches = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<SketchKey, Sketches> eldest) {
            return size() > SKETCHES_KEPT;
        }
    };
    private int opened;
    private int channel = ALL_CHANNELS;
    private @Nullable SketchKey readingKey;
    private @Nullable Measured previewed;
    private @Nullable Changing changing;
    private List<ErrorEstimate> estimates = List.of();
    private @Nullable QuantParams estimated;
    private @Nullable CurveKey curveOf;
    private final Map<CurveKey, ClipCurve> knownCurves = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<CurveKey, ClipCurve> eldest) {
            return size() > CURVES_KEPT;
        }
    };

    public InHand(Workbench bench, Measurements measurements, Executor work, Executor ui, Notices notices) {
        this.bench = bench;
        this.measurements = measurements;
        this.notices = notices;
        this.reading = new LatestWins<>(LatestWins.Mode.CANCEL_STALE, work, ui);
        this.exact = new LatestWins<>(LatestWins.Mode.CONFLATE, work, ui);
        this.curves = new LatestWins<>(LatestWins.Mode.CANCEL_STALE, work, ui);
        this.choosing = new LatestWins<>(LatestWins.Mode.CANCEL_STALE, work, ui);
        bench.modelProperty().subscribe(x -> {
            opened++;
            sketches.clear();
            knownCurves.clear();
        });
        bench.selectionProperty().subscribe(x -> {
            channel = ALL_CHANNELS;
            forgetPreview();
            refresh();
        });
        bench.stateProperty().subscribe(x -> {
            // What was chosen or undone since is not to be overtaken.
            changing = null;
            choosing.cancel();
            forgetPreview();
            refresh();
        });
        bench.seenProperty().subscribe(x -> refresh());
        measurements.snapshotProperty().subscribe(x -> refresh());
    }

    /** Takes a channel's range in hand, or that of all; an unknown channel means all. */
    public void selectChannel(int index) {
        int count = view.get().map(v -> v.channels().size()).orElse(0);
        channel = index >= 0 && index < count ? index : ALL_CHANNELS;
        previewed = null;
        refresh();
    }

    /** Shows what {@code range} would do, without making it a step. Ignored while there is nothing to drag. */
    public void preview(ClipRange range) {
        view.get().filter(View::draggable).ifPresent(v -> preview(v, range));
    }

    private void preview(View v, ClipRange range) {
        QuantSpec spec = v.spec().orElseThrow();
        Measured now = v.measured().orElseThrow();
        ClipRange wanted = spec.symmetric() ? ClipRange.symmetric(range.absMax()) : range;
        List<ClipRange> ranges = new ArrayList<>(now.requested());
        Clip clip;
        if (v.perChannel()) {
            ranges.set(v.slice(), wanted);
            clip = new Clip.ManualPerChannel(ranges);
        } else {
            ranges = List.of(wanted);
            clip = new Clip.Manual(wanted);
        }
        QuantSpec next = spec.withClip(clip);
        QuantParams params;
        try {
            params = switch (v.subject()) {
                case Subject.Weight w -> RangeResolver.resolve(w.tensor(), next, ranges);
                case Subject.Activation a -> Quantizers.byId(next.scheme()).resolve(next, Granularity.TENSOR, ranges);
            };
        } catch (IllegalArgumentException e) {
            notices.problem(String.valueOf(e.getMessage()));
            return;
        }
        Measured known = measurements.find(v.subject(), next).orElse(null);
        Measured measured = known != null ? known : new Measured(next, ranges, params, estimate(v, params));
        previewed = measured;
        refresh();
        if (known == null && v.subject() instanceof Subject.Weight w) {
            exact.submit(
                    (cancel, partial) -> Engine.measure(w.tensor(), params, cancel),
                    report -> {
                        Measured done = measured.withError(ErrorFigures.of(report));
                        measurements.keep(w, done);
                        if (previewed != null && previewed.params().equals(params) && previewed.spec().equals(next)) {
                            previewed = done;
                            refresh();
                        }
                    },
                    e -> notices.problem(String.valueOf(e.getMessage())));
        }
    }

    /** Makes the preview a step. */
    public void commit() {
        Measured now = previewed;
        View v = view.get().orElse(null);
        if (now == null || v == null) {
            return;
        }
        String where = v.perChannel() ? " channel " + v.slice() : "";
        apply(v, "clip " + v.subject().shortName() + where + " to " + Figures.range(now.requested().get(v.slice())), now.spec());
    }

    /** Forgets the preview; the committed setting shows again. */
    public void cancel() {
        previewed = null;
        exact.cancel();
        refresh();
    }

    /** Sets the range by number: a preview and a step at once. */
    public void setRange(ClipRange range) {
        preview(range);
        commit();
    }

    /** Changes the setting of the tensor in hand by one step. Refuses what its scheme cannot do with a notice. */
    public void change(String title, UnaryOperator<QuantSpec> change) {
        View v = view.get().orElse(null);
        if (v == null || v.spec().isEmpty()) {
            return;
        }
        try {
            // A change that waits for its range counts, though it does not show yet.
            QuantSpec before = changing != null && changing.subject.equals(v.subject()) ? changing.spec : v.spec().get();
            QuantSpec next = change.apply(before);
            Quantizers.byId(next.scheme()).check(next);
            if (v.subject() instanceof Subject.Activation && !Quantizers.byId(next.scheme()).traits().isAffine()) {
                throw new IllegalArgumentException("scheme: activations need a scale and a zero point, " + next.scheme() + " is a codebook for weights");
            }
            apply(v, title, next);
        } catch (IllegalArgumentException e) {
            notices.problem(String.valueOf(e.getMessage()));
        }
    }

    private void apply(View v, String title, QuantSpec next) {
        Edit override = new Edit.SetOverride(v.subject().id(), next);
        if (!(v.subject() instanceof Subject.Activation a) || !(next.clip() instanceof Clip.Auto) || a.sketch().isEmpty()) {
            bench.apply(new Edit.All(title, List.of(override)));
            return;
        }
        // An activation's chosen range is part of the session, so that it can be used where its data is not.
        MomentSketch sketch = a.sketch().get();
        changing = new Changing(a, next);
        choosing.submit(
                (cancel, partial) -> RangeResolver.resolve(sketch, next, cancel).requested().getFirst(),
                range -> {
                    changing = null;
                    bench.stateProperty().get().filter(state -> bench.subject(a.id()).filter(a::equals).isPresent()).ifPresent(state -> {
                        Map<TensorId, ClipRange> ranges = new TreeMap<>(state.activationRanges());
                        ranges.put(a.id(), range);
                        bench.apply(new Edit.All(title, List.of(override, new Edit.SetActivationRanges(ranges, state.calibrationData()))));
                    });
                },
                e -> {
                    changing = null;
                    notices.problem(String.valueOf(e.getMessage()));
                });
    }

    private void forgetPreview() {
        previewed = null;
        estimated = null;
        estimates = List.of();
    }

    private ErrorFigures estimate(View v, QuantParams params) {
        List<MomentSketch> slices = params.slices() == 1 ? List.of(v.sketch().orElseThrow()) : v.channels();
        if (slices.size() != params.slices()) {
            return ErrorFigures.of(List.of(v.sketch().orElseThrow().estimate(params.grid(0))));
        }
        QuantParams before = estimated;
        boolean reusable = before != null && before.slices() == params.slices() && estimates.size() == params.slices();
        List<ErrorEstimate> next = new ArrayList<>(params.slices());
        for (int i = 0; i < params.slices(); i++) {
            boolean same = reusable && params.slices() > 1 && Objects.requireNonNull(before).grid(i).equals(params.grid(i));
            next.add(same ? estimates.get(i) : slices.get(i).estimate(params.grid(i)));
        }
        estimates = next;
        estimated = params;
        return ErrorFigures.of(next);
    }

    private void refresh() {
        Subject subject = bench.selectionProperty().get().flatMap(bench::subject).orElse(null);
        if (subject == null) {
            view.set(Optional.empty());
            curve.set(Optional.empty());
            curveOf = null;
            return;
        }
        Sketches known = sketches(subject);
        Optional<QuantSpec> committed = bench.spec(subject);
        Measured now = previewed;
        boolean previous = false;
        if (now == null && committed.isPresent()) {
            now = measurements.find(subject, committed.get())
                    .or(() -> Optional.ofNullable(measurements.snapshotProperty().get().tensors().get(subject.id()))
                            .filter(m -> m.spec().equals(committed.get())))
                    .orElse(null);
            if (now == null) {
                Measured before = view.get().filter(v -> v.subject().id().equals(subject.id())).flatMap(View::measured).orElse(null);
                now = before;
                previous = before != null;
            }
        }
        Measured shown = now;
        view.set(Optional.of(new View(
                subject,
                previewed != null ? Optional.of(previewed.spec()) : committed,
                Optional.ofNullable(known).map(Sketches::whole),
                known == null ? List.of() : known.channels(),
                channel,
                Optional.ofNullable(shown),
                previewed != null,
                previous,
                subject instanceof Subject.Weight w && bench.importances().of(w.info()).isPresent())));
        refreshCurve(view.get().get());
    }

    private @Nullable Sketches sketches(Subject subject) {
        return switch (subject) {
            case Subject.Activation a -> a.sketch().map(s -> new Sketches(s, List.of(), true)).orElse(null);
            case Subject.Weight w -> {
                SketchKey key = new SketchKey(opened, w.id(), bench.foldsBatchNorm());
                Sketches known = sketches.get(key);
                if ((known == null || !known.complete()) && !key.equals(readingKey)) {
                    readingKey = key;
                    reading.submit(
                            (cancel, partial) -> {
                                MomentSketch whole = MomentSketch.of(w.tensor(), cancel);
                                partial.accept(new Sketches(whole, List.of(), false));
                                Slicing slicing = Slicing.of(w.info(), Granularity.CHANNEL);
                                return new Sketches(whole, List.of(MomentSketch.perSlice(w.tensor(), slicing, cancel)), true);
                            },
                            read -> {
                                // Channels are kept of one tensor only; they may be many.
                                sketches.replaceAll((k, s) -> new Sketches(s.whole(), List.of(), false));
                                sketches.put(key, read);
                                if (read.complete()) {
                                    readingKey = null;
                                }
                                refresh();
                            },
                            e -> {
                                readingKey = null;
                                notices.problem(String.valueOf(e.getMessage()));
                            });
                    // Work that runs at once has answered already.
                    known = sketches.get(key);
                }
                yield known;
            }
        };
    }

    private void refreshCurve(View v) {
        MomentSketch values = v.shown().orElse(null);
        QuantSpec spec = v.spec().orElse(null);
        if (values == null || spec == null || (v.perChannel() && v.channel() == ALL_CHANNELS)) {
            curves.cancel();
            curve.set(Optional.empty());
            curveOf = null;
            return;
        }
        CurveKey key = new CurveKey(values, spec.withClip(new Clip.Auto("minmax")), v.weighted() ? bench.importances() : Importances.NONE);
        if (key.equals(curveOf)) {
            return;
        }
        curveOf = key;
        ClipCurve known = knownCurves.get(key);
        if (known != null) {
            curves.cancel();
            curve.set(Optional.of(known));
            return;
        }
        curves.submit(
                (cancel, partial) -> ClipCurve.of(
                        values,
                        spec,
                        clip -> v.subject() instanceof Subject.Weight w && v.weighted()
                                ? Optional.of(RangeResolver.resolve(w.tensor(), spec.withClip(clip), key.importances, cancel).requested().get(v.slice()))
                                : Optional.empty(),
                        cancel),
                made -> {
                    knownCurves.put(key, made);
                    curve.set(Optional.of(made));
                },
                e -> notices.problem(String.valueOf(e.getMessage())));
    }

    /** What is on show; empty without a model. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }

    /** The error against the clip; empty where one clip does not describe the tensor. */
    public ReadOnlyObjectProperty<Optional<ClipCurve>> curveProperty() {
        return curve.getReadOnlyProperty();
    }
}
