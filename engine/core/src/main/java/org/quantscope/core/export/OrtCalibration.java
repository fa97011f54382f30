package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * What ONNX Runtime's two calibration files have in common: ranges of activations, from which the reader computes
 * scales itself.
 *
 * <p>ONNX Runtime's quantizer asks for more ranges than there are here, and fails at the first that is missing. So a
 * value that is tied to another, or that only a clamp within its layer reads, gets the range of the value whose
 * parameters it shares; every other value, which is float here, gets the range observed on the calibration data; and a
 * constant gets its lowest and highest value.
 */
final class OrtCalibration {
    static final String SOURCE =
            "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/python/tools/quantization/calibrate.py";
    /**
     * The relative difference between the reader's scale and ours above which a problem is reported; rounding the ends
     * of the range to float32 stays below it.
     */
    private static final double SAME = 1e-5;

    private static final ClipRange UNIT = new ClipRange(0, 1);

    private OrtCalibration() {}

    /**
     * The range of an activation for the file. A range set by hand is passed on unchanged, because the reader rounds as
     * we do.
     */
    static ClipRange range(Encoding e) {
        return e.spec().clip() instanceof Clip.Manual(ClipRange byHand)
                ? byHand
                : e.effective().getFirst();
    }

    /**
     * For each value the encoding whose parameters it has, in graph order: carried activations, and the values that
     * share their parameters.
     */
    static Map<TensorId, Encoding> sharing(Model model, List<Encoding> carried) {
        Map<TensorId, Encoding> byId = IntegerLayer.byId(
                carried.stream().filter(Encoding::isActivation).toList());
        Map<TensorId, Encoding> all = new LinkedHashMap<>();
        model.graph().ifPresent(graph -> {
            Map<TensorId, TensorId> owners = graph.parameterOwners();
            for (Placement.Site site : graph.placement().sites()) {
                Optional.ofNullable(owners.get(site.id())).map(byId::get).ifPresent(e -> all.put(site.id(), e));
            }
        });
        return all;
    }

    /**
     * Values that the quantizer asks for and that are not quantized here, in graph order, without those that the target
     * refuses; empty if nothing is carried.
     */
    private static List<TensorId> floating(ExportPlan plan, Map<TensorId, Encoding> sharing) {
        OnnxGraph graph = plan.model().graph().orElse(null);
        if (sharing.isEmpty() || graph == null) {
            return List.of();
        }
        Map<TensorId, TensorId> owners = graph.parameterOwners();
        return graph.askedForByRuntime().stream()
                .filter(id -> !sharing.containsKey(id) && !plan.activations().containsKey(owners.getOrDefault(id, id)))
                .toList();
    }

    private static List<TensorId> unseen(ExportPlan plan, List<TensorId> floating) {
        return floating.stream()
                .filter(id -> !plan.session().ranges().ranges().containsKey(id)
                        && plan.model().find(id).isEmpty())
                .toList();
    }

    private static Optional<FileRef> data(ExportPlan plan) {
        return plan.state().calibrationData().filter(ref -> Files.exists(ref.path()));
    }

    /**
     * The content of a calibration file.
     *
     * @param ranges in graph order
     * @param unquantized names among them that are float or constant here
     */
    record Ranges(Map<TensorId, ClipRange> ranges, List<TensorId> unquantized) {}

    /**
     * Every range that the quantizer asks for. For values that are float here and were not observed before, the float
     * model is run on the calibration data; without calibration data they are left out, and {@link #problems} says so.
     *
     * @throws org.quantscope.core.io.BadInputException if the calibration data has changed or does not fit the model
     */
    static Ranges ranges(Target target, ExportPlan plan, CancelToken cancel) throws IOException {
        Map<TensorId, Encoding> sharing = sharing(plan.model(), target.carried(plan));
        Map<TensorId, ClipRange> ranges = new LinkedHashMap<>();
        sharing.forEach((id, e) -> ranges.put(id, range(e)));
        List<TensorId> floating = floating(plan, sharing);
        List<TensorId> unseen = unseen(plan, floating);
        Map<TensorId, MomentSketch> seen = Map.of();
        if (!unseen.isEmpty() && data(plan).isPresent()) {
            Dataset samples = data(plan).get().openUnchanged("calibration_data", cancel);
            seen = ActivationCalibration.run(plan.model(), unseen, samples, Progress.NONE, cancel);
        }
        for (TensorId id : floating) {
            ClipRange known = plan.session().ranges().ranges().get(id);
            MomentSketch sketch = seen.get(id);
            if (known != null) {
                ranges.put(id, known);
            } else if (sketch != null && sketch.count() > 0) {
                ranges.put(id, new ClipRange(sketch.min(), sketch.max()));
            } else {
                constant(plan.model(), id).ifPresent(range -> ranges.put(id, range));
            }
        }
        return new Ranges(ranges, floating.stream().filter(ranges::containsKey).toList());
    }

    /** The lowest and the highest finite value of a stored tensor; empty if there is no tensor of that name. */
    private static Optional<ClipRange> constant(Model model, TensorId id) {
        return model.find(id).map(tensor -> {
            float lo = Float.POSITIVE_INFINITY;
            float hi = Float.NEGATIVE_INFINITY;
            for (float x : tensor.data().toFloats()) {
                if (Float.isFinite(x)) {
                    lo = Math.min(lo, x);
                    hi = Math.max(hi, x);
                }
            }
            return lo <= hi ? new ClipRange(lo, hi) : UNIT;
        });
    }

    /**
     * The differences between the settings and what the quantizer will do: other scales, and scales for values that are
     * float here.
     */
    static List<ExportProblem> problems(Target target, ExportPlan plan) {
        List<ExportProblem> problems = new ArrayList<>(target.problems(plan));
        List<Encoding> carried = target.carried(plan);
        problems.addAll(otherScales(target, carried));
        Map<TensorId, Encoding> sharing = sharing(plan.model(), carried);
        plan.model().graph().ifPresent(graph -> problems.addAll(softmax(target, graph, sharing)));
        List<TensorId> floating = floating(plan, sharing);
        List<TensorId> unseen = unseen(plan, floating);
        if (floating.stream().anyMatch(id -> plan.model().find(id).isEmpty())) {
            boolean stops = !unseen.isEmpty() && data(plan).isEmpty();
            List<TensorId> named = stops
                    ? unseen
                    : floating.stream()
                            .filter(id -> plan.model().find(id).isEmpty())
                            .toList();
            String values = named.size() == 1 ? named.getFirst() + " is" : named.size() + " values are";
            String such = named.size() == 1 ? "" : ", such as " + named.getFirst();
            problems.add(
                    stops
                            ? new ExportProblem(
                                    target.id(),
                                    "",
                                    values + " float here" + such
                                            + ", ONNX Runtime quantizes what its operators touch and stops without a"
                                            + " range",
                                    "calibrate on data that stays where it is, or export the overrides",
                                    Severity.ERROR)
                            : new ExportProblem(
                                    target.id(),
                                    "",
                                    values + " float here" + such
                                            + ", ONNX Runtime quantizes what its operators touch, with the range that"
                                            + " the calibration data gave",
                                    "name the nodes around in nodes_to_exclude, or export the overrides",
                                    Severity.WARNING));
        }
        return problems;
    }

    /** Warns of tensors that will get another scale: the reader computes {@code (hi − lo) / (2^bits − 1)}. */
    private static List<ExportProblem> otherScales(Target target, List<Encoding> carried) {
        List<ExportProblem> problems = new ArrayList<>();
        for (Encoding e : carried) {
            ClipRange range = e.effective().getFirst();
            double theirs = scale(range, e.bits());
            double ours = e.params().scale(0);
            if (e.isActivation() && Math.abs(theirs - ours) > SAME * ours) {
                problems.add(new ExportProblem(
                        target.id(),
                        e.id().name(),
                        String.format(
                                Locale.ROOT,
                                "its scale is %.6g, ONNX Runtime makes %.6g of its range, which leaves out a code",
                                ours,
                                theirs),
                        "choose the full range, or accept it",
                        Severity.WARNING,
                        Remedy.fullRange(e)));
            }
        }
        return problems;
    }

    /** Warns of the outputs of a Softmax: the quantizer gives them the range [0, 1] in any case. */
    private static List<ExportProblem> softmax(Target target, OnnxGraph graph, Map<TensorId, Encoding> sharing) {
        List<ExportProblem> problems = new ArrayList<>();
        for (var node : graph.nodes()) {
            Encoding e = node.opType().equals("Softmax")
                    ? sharing.get(new TensorId(node.outputs().getFirst()))
                    : null;
            if (e != null
                    && Math.abs(scale(UNIT, e.bits()) - e.params().scale(0))
                            > SAME * e.params().scale(0)) {
                problems.add(new ExportProblem(
                        target.id(),
                        e.id().name(),
                        String.format(
                                Locale.ROOT,
                                "its range is %s to %s, ONNX Runtime gives the result of a Softmax 0 to 1 whatever the"
                                        + " file says",
                                range(e).lo(),
                                range(e).hi()),
                        "set the range 0 to 1, or accept it",
                        Severity.WARNING,
                        Remedy.range(e, UNIT)));
            }
        }
        return problems;
    }

    private static double scale(ClipRange range, int bits) {
        return ((double) range.hi() - range.lo()) / ((1 << bits) - 1);
    }
}
