package org.quantscope.app.selected;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.SimpleBooleanProperty;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.ErrorFigures;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.SliceExtents;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FittedLevels;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * The selected tensor: its sketch, its setting, and what the setting does to it, also during a drag. A preview is
 * answered at once from the sketch, and an exact pass follows in the background. The end of the drag commits the
 * setting as one undo step.
 */
public final class SelectedTensor {
    /** Why a range that is found while the network runs cannot be moved. */
    public static final String FOUND =
            "The network finds this range anew as it runs; shown is that of the calibration data."
                    + " Choose a calibrator under Range from to set one";

    /** Stands for all slices together. */
    public static final int ALL = -1;

    /** The most ranges that may be set by hand: more would make the setting large and a drag slow. */
    public static final int MOST_BY_HAND = 1 << 14;

    /**
     * What to show.
     *
     * @param subject the tensor
     * @param spec its setting, previewed or committed; empty if it stays in float
     */
    public record View(
            QuantizableTensor subject, Optional<QuantSpec> spec, SelectedValues values, SettingOutcome outcome) {
        /** The sketch of all values; empty until they have been read. */
        public Optional<MomentSketch> sketch() {
            return values.sketch();
        }

        /** See {@link SelectedValues#slices}. */
        public Optional<SliceExtents> slices() {
            return values.slices();
        }

        /** The selected slice, or {@link #ALL}. */
        public int slice() {
            return values.slice();
        }

        /** The sketch of the values in the selected slice; empty until they have been read. */
        public Optional<MomentSketch> inSlice() {
            return values.inSlice();
        }

        /** True if the importances of its values are known. */
        public boolean weighted() {
            return values.weighted();
        }

        /** What the layer of a weight reads on the calibration data, if it is known. */
        public Optional<LayerMoments> reads() {
            return values.reads().moments();
        }

        /** True if what a calibrator needs to know of the tensor is known. */
        boolean knows(Calibrator calibrator) {
            return (!calibrator.needsImportance() || weighted()) && (!calibrator.needsMoments() || reads().isPresent());
        }

        /** The result of the setting; that of an earlier one if {@link #previous}. */
        public Optional<Measured> measured() {
            return outcome.measured();
        }

        /** True during a drag. */
        public boolean preview() {
            return outcome.preview();
        }

        /** Whose codes {@link #measured} is of, during a drag. */
        public HandCodes codes() {
            return outcome.codes();
        }

        /** True if {@link #measured} belongs to an earlier setting. */
        public boolean previous() {
            return outcome.previous();
        }

        /** True if every slice has its own range. */
        public boolean ownRanges() {
            return spec.map(s -> !(s.granularity() instanceof Granularity.PerTensor))
                    .orElse(false);
        }

        /** The number of slices; 0 before the values have been read. */
        public int count() {
            return slices().map(SliceExtents::size).orElse(0);
        }

        /** The word for a slice: block or channel. */
        public String noun() {
            return slices().map(s -> s.slicing().isBlocked()).orElse(false) ? "block" : "channel";
        }

        /** True if there are too many ranges to set them by hand. */
        public boolean tooMany() {
            return ownRanges() && count() > MOST_BY_HAND;
        }

        /** True if the range is found while the network runs; what is shown is that of the calibration data. */
        public boolean isFound() {
            return spec.filter(s -> s.clip() instanceof Clip.Dynamic).isPresent();
        }

        /** True if the handles can be dragged: the tensor is quantized, and they stand for one range. */
        public boolean draggable() {
            return spec.isPresent()
                    && !isFound()
                    && sketch().isPresent()
                    && measured().isPresent()
                    && (!ownRanges() || (slice() != ALL && inSlice().isPresent() && !tooMany() && fits()));
        }

        /** The index in the parameters of the slice that the handles stand for. */
        public int ofParams() {
            return ownRanges() && fits() ? Math.max(0, slice()) : 0;
        }

        /** False while the parameters belong to another granularity. */
        private boolean fits() {
            return measured()
                    .map(m -> m.params().slices() == count() && slice() < count())
                    .orElse(false);
        }

        /** The requested range that the handles show: that of the selected slice, or the hull of all ranges. */
        public Optional<ClipRange> clip() {
            return measured()
                    .map(m -> ownRanges() && slice() != ALL && fits()
                            ? m.requested().get(slice())
                            : m.envelope());
        }

        /** The values that the handles clip: those of the tensor, or of the selected slice. */
        public Optional<MomentSketch> shown() {
            return slice() != ALL ? inSlice() : sketch();
        }

        /** The grid of what is shown, if a single one describes it. */
        public Optional<Grid> grid() {
            boolean one = spec.isPresent() && (!ownRanges() || (slice() != ALL && fits()));
            return measured()
                    .filter(m -> one || m.params().slices() == 1)
                    .map(m -> m.params().grid(m.params().slices() == 1 ? 0 : ofParams()));
        }
    }

    /** @param complete false if the error at the output is still an estimate */
    private record Exactly(Measured measured, boolean complete) {}

    private final Workbench bench;
    private final EditedTogether together;
    private final Measurements measurements;
    private final Solutions solutions;
    private final Background background;
    private final TensorValues values;
    private final LiveRounding live;
    private final LatestWins<QuantParams> fitting;
    private final LatestWins<Exactly> exact;
    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final ReadOnlyObjectWrapper<Optional<ClipCurve>> curve = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final BooleanProperty curveShowing = new SimpleBooleanProperty(this, "curveShowing");
    /** The variant of the model that the view belongs to. */
    private String variant = "";

    private int slice = ALL;
    /** What was requested last; the result may not have been shown yet. */
    private @Nullable PreviewRequest requested;

    private @Nullable Measured previewed;
    private HandCodes codes = HandCodes.NEAREST;
    private Optional<TensorId> followed = Optional.empty();
    private Optional<SessionState> followedState = Optional.empty();

    public SelectedTensor(Workbench bench, Measurements measurements, Solutions solutions, Background background) {
        this.bench = bench;
        this.together = new EditedTogether(bench);
        this.measurements = measurements;
        this.solutions = solutions;
        this.background = background;
        this.values = new TensorValues(bench, measurements.outputs(), background, this::refresh);
        this.live = new LiveRounding(bench, measurements, solutions, background);
        this.fitting = background.latest(LatestWins.Mode.CONFLATE);
        this.exact = background.latest(LatestWins.Mode.CONFLATE);
        bench.modelProperty().subscribe(x -> values.forget());
        curveShowing.subscribe(x -> view.get().ifPresent(v -> refreshCurve(v, true)));
        bench.changes().on(Changes.Stage.SELECTED_TENSOR, this::follow);
    }

    /** Drops a request that belongs to another tensor or to other settings. */
    private void follow() {
        Optional<TensorId> selected = bench.selectionProperty().get();
        Optional<SessionState> state = bench.stateProperty().get();
        if (!selected.equals(followed)) {
            slice = ALL;
        }
        if (!selected.equals(followed) || !state.equals(followedState)) {
            forget();
        }
        followed = selected;
        followedState = state;
        refresh();
    }

    /** Selects a slice, so that the handles move its range. {@link #ALL} or an unknown slice selects all. */
    public void selectSlice(int index) {
        int count = view.get().map(View::count).orElse(0);
        slice = index >= 0 && index < count ? index : ALL;
        forget();
        refresh();
    }

    /** Shows what {@code range} would do, without an undo step. Ignored if the handles cannot be dragged. */
    public void preview(ClipRange range) {
        view.get().filter(View::draggable).ifPresent(v -> preview(v, range));
    }

    private void preview(View v, ClipRange range) {
        PreviewRequest request = PreviewRequest.of(v, range);
        requested = request;
        try {
            switch (v.subject()) {
                case QuantizableTensor s
                when !FittedLevels.neededBy(request.spec()) ->
                    show(
                            v,
                            request,
                            Measurements.raised(
                                            s,
                                            request.spec(),
                                            bench.resolver()
                                                    .resolve(
                                                            measurements.request(s, request.spec()), new CancelToken()))
                                    .params());
                // Fitting 256 levels takes too long for one frame.
                case QuantizableTensor s ->
                    fitting.submit(
                            (cancel, partial) ->
                                    request.fitted(v, v.measured().orElseThrow().params()),
                            params -> show(v, request, params),
                            e -> background.problem(e));
            }
        } catch (IllegalArgumentException e) {
            requested = null;
            background.problem(e);
        }
    }

    private void show(View v, PreviewRequest request, QuantParams params) {
        QuantSpec next = request.spec();
        Measured known = measurements.find(v.subject(), next).orElse(null);
        Measured measured = known != null
                ? known
                : new Measured(
                        next,
                        request.ranges(),
                        params,
                        PreviewRequest.estimate(v, v.measured().orElseThrow(), params));
        previewed = measured;
        codes = HandCodes.NEAREST;
        if (v.subject() instanceof QuantizableTensor.Weight w) {
            HandCodes meanwhile = live.solve(w, measured, solved -> {
                if (isInHand(next, params)) {
                    boolean chosen = solved.codes().state() == HandCodes.State.CHOSEN;
                    previewed = chosen ? solved.measured() : previewed;
                    codes = solved.codes();
                    refresh();
                }
            });
            // Where all work is done at once the codes are there already.
            codes = codes.state() == HandCodes.State.CHOSEN ? codes : meanwhile;
        }
        refresh();
        if (known == null && v.subject() instanceof QuantizableTensor.Weight w) {
            Importances importances = bench.importances();
            exact.submit(
                    (cancel, partial) -> measure(w, measured, importances, cancel, partial),
                    result -> {
                        Measured done = result.measured;
                        if (result.complete) {
                            measurements.keep(w, done);
                        }
                        if (isInHand(next, params) && codes.state() != HandCodes.State.CHOSEN) {
                            previewed = done;
                            refresh();
                        }
                    },
                    e -> background.problem(e));
        }
    }

    private boolean isInHand(QuantSpec spec, QuantParams params) {
        return previewed != null
                && previewed.params().equals(params)
                && previewed.spec().equals(spec);
    }

    /** Measures exactly; where the output of the layer takes longer than a frame, an estimate of it comes first. */
    private Exactly measure(
            QuantizableTensor.Weight w,
            Measured estimated,
            Importances importances,
            CancelToken cancel,
            Consumer<Exactly> partial) {
        QuantParams params = estimated.params();
        Measured measured = estimated.withError(ErrorFigures.of(Engine.measure(w.tensor(), params, cancel)));
        Optional<LayerOutput> layer = measurements.outputs().of(w.tensor(), importances, cancel);
        layer.flatMap(output -> output.estimate(params, cancel))
                .ifPresent(first -> partial.accept(new Exactly(measured.withOutput(Optional.of(first)), false)));
        return new Exactly(measured.withOutput(layer.map(output -> output.error(params, cancel))), true);
    }

    /** Commits the preview as one undo step. */
    public void commit() {
        PreviewRequest request = requested;
        View v = view.get().orElse(null);
        if (request == null || v == null) {
            return;
        }
        String where = v.ownRanges() ? " " + v.noun() + " " + v.ofParams() : "";
        apply(
                v,
                "clip " + v.subject().shortName() + where + " to "
                        + Figures.range(request.ranges().get(v.ofParams())),
                request.spec());
        if (requested != null) {
            // It is the range that the tensor had: no step was made, and nobody has ended the preview.
            cancel();
        }
    }

    /** Drops the preview and shows the committed setting again. */
    public void cancel() {
        forget();
        exact.cancel();
        refresh();
    }

    private void forget() {
        requested = null;
        previewed = null;
        codes = HandCodes.NEAREST;
        live.cancel();
        fitting.cancel();
    }

    /** Sets the range: a preview and a commit at once. */
    public void setRange(ClipRange range) {
        preview(range);
        commit();
    }

    /**
     * Changes the setting of the selected tensor, and of the others of its kind that are marked in the list, as one undo
     * step. If the scheme of one of them does not support the change, a notice says so and nothing changes.
     */
    public void change(String title, UnaryOperator<QuantSpec> change) {
        View v = view.get().orElse(null);
        if (v == null || v.spec().isEmpty()) {
            return;
        }
        try {
            bench.apply(together.edit(v.subject(), v.spec().get(), title, change));
        } catch (IllegalArgumentException e) {
            background.problem(e);
        }
    }

    /** How many tensors {@link #change} changes; 0 if none is selected. */
    int together() {
        return view.get().map(v -> together.count(v.subject())).orElse(0);
    }

    /** The settings of all tensors that {@link #change} changes, that of the selected one first. */
    List<QuantSpec> specsTogether() {
        return view.get()
                .flatMap(v -> v.spec().map(own -> together.specs(v.subject(), own)))
                .orElse(List.of());
    }

    private void apply(View v, String title, QuantSpec next) {
        bench.apply(new Edit.All(title, List.of(new Edit.SetOverride(v.subject().id(), next))));
    }

    private void refresh() {
        QuantizableTensor subject =
                bench.selectionProperty().get().flatMap(bench::subject).orElse(null);
        if (subject == null) {
            view.set(Optional.empty());
            values.stop();
            curve.set(Optional.empty());
            bench.changes().behind(Changes.Stage.SELECTED_TENSOR);
            return;
        }
        boolean sameValues = bench.variant().equals(variant);
        boolean sameTensor = sameValues
                && view.get().filter(v -> v.subject().id().equals(subject.id())).isPresent();
        variant = bench.variant();
        Optional<MomentSketch> whole = values.sketch(subject);
        Optional<QuantSpec> committed = bench.spec(subject);
        Measured now = previewed;
        boolean previous = false;
        HandCodes ofCodes = codes;
        if (now == null && committed.isPresent()) {
            now = Optional.ofNullable(solutions.viewProperty().get().measured().get(subject.id()))
                    .filter(m -> m.spec().equals(committed.get()))
                    .orElse(null);
            ofCodes = now != null ? HandCodes.COMMITTED : HandCodes.NEAREST;
            now = Optional.ofNullable(now)
                    .or(() -> measurements.find(subject, committed.get()))
                    .or(() -> Optional.ofNullable(measurements
                                    .snapshotProperty()
                                    .get()
                                    .tensors()
                                    .get(subject.id()))
                            .filter(m -> m.spec().equals(committed.get())))
                    .orElse(null);
            if (now == null) {
                // Ranges of other values would leave the axis too wide.
                Measured before =
                        sameTensor ? view.get().flatMap(View::measured).orElse(null) : null;
                now = before;
                previous = before != null;
            }
        }
        live.prepare(subject, committed);
        Measured shown = now;
        Optional<QuantSpec> spec = previewed != null ? Optional.of(previewed.spec()) : committed;
        Optional<SliceExtents> known =
                whole.isEmpty() ? Optional.empty() : values.extents(subject, spec, () -> slice = ALL);
        if (known.isPresent() && slice >= known.get().size()) {
            slice = ALL;
        }
        Optional<MomentSketch> ofSlice =
                slice == ALL ? Optional.empty() : known.flatMap(cut -> values.inSlice(subject, cut, slice));
        boolean weighted = subject instanceof QuantizableTensor.Weight w
                && bench.importances().of(w.info()).isPresent();
        view.set(Optional.of(new View(
                subject,
                spec,
                new SelectedValues(whole, known, slice, ofSlice, weighted, LayerReading.of(subject, bench)),
                new SettingOutcome(Optional.ofNullable(shown), previewed != null, previous, ofCodes))));
        refreshCurve(view.get().get(), sameTensor);
        bench.changes().behind(Changes.Stage.SELECTED_TENSOR);
    }

    private void refreshCurve(View v, boolean sameTensor) {
        if (!curveShowing.get()) {
            values.stop();
            curve.set(Optional.empty());
            return;
        }
        Optional<ClipCurve> known = values.curve(v);
        // The former curve of the same values stays until the new one is ready.
        if (known.isPresent() || !sameTensor || !TensorValues.hasCurve(v)) {
            curve.set(known);
        }
    }

    /** What to show; empty if no model is open. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }

    /** Set to true while the curve can be seen. It is computed only then: it costs more than all else about a tensor. */
    public BooleanProperty curveShowingProperty() {
        return curveShowing;
    }

    /**
     * The error as a function of the clip; empty if a single clip does not describe the tensor, or if nobody sees the
     * curve.
     */
    public ReadOnlyObjectProperty<Optional<ClipCurve>> curveProperty() {
        return curve.getReadOnlyProperty();
    }
}
