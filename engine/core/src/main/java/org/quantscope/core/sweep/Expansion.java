package org.quantscope.core.sweep;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.AnalysedForm;
import org.quantscope.core.tensor.TensorKind;

/**
 * All points of a plan in their order: the first model first; within a model the corrections, within them the parts of the
 * data, within these the other axes in the order of {@link Axis}, the last one fastest. So points that share much lie
 * side by side.
 */
public final class Expansion {
    /** Plans of more points are refused. */
    public static final int MOST = 1_000_000;

    private static final List<Axis> INNER = Stream.of(Axis.values())
            .filter(axis -> axis != Axis.CORRECTIONS && axis != Axis.TENSORS)
            .toList();

    private final SweepPlan plan;
    private final List<SweepPoint> points = new ArrayList<>();

    private Expansion(SweepPlan plan) {
        this.plan = plan;
    }

    /**
     * The points of a plan. A model is opened if every weight of it is wanted in turn.
     *
     * @throws BadInputException if there are too many, or a model cannot be opened
     */
    public static List<SweepPoint> of(SweepPlan plan) throws IOException {
        Expansion expansion = new Expansion(plan);
        for (SweepModel model : plan.models()) {
            expansion.add(model);
        }
        return List.copyOf(expansion.points);
    }

    private void add(SweepModel model) throws IOException {
        List<String> tensors = tensors(model);
        long each = (long) plan.shards() * tensors.size();
        for (Axis axis : plan.axes().keySet()) {
            each *= axis == Axis.TENSORS ? 1 : plan.axes().get(axis).size();
            if (points.size() + each > MOST) {
                throw new BadInputException(plan.file(), "axes", "a plan has at most " + MOST + " points");
            }
        }
        for (String corrections : plan.axes().getOrDefault(Axis.CORRECTIONS, List.of(""))) {
            List<String> list = corrections.isEmpty() ? List.of() : List.of(corrections.split(Axis.AND, -1));
            for (int shard = 0; shard < plan.shards(); shard++) {
                for (String tensor : tensors) {
                    Map<Axis, String> chosen = new EnumMap<>(Axis.class);
                    if (!tensor.equals(Axis.ALL)) {
                        chosen.put(Axis.TENSORS, tensor);
                    }
                    add(model, list, shard, 0, chosen);
                }
            }
        }
    }

    /** Every combination of the axes from the {@code at}-th on, the last one fastest. */
    private void add(SweepModel model, List<String> corrections, int shard, int at, Map<Axis, String> chosen) {
        if (at == INNER.size()) {
            PointSettings settings = new PointSettings(corrections, shard, chosen);
            points.add(new SweepPoint(
                    points.size(), model, settings, (model.name() + " " + settings.key(plan.shards())).strip()));
            return;
        }
        List<String> values = plan.axes().getOrDefault(INNER.get(at), List.of());
        if (values.isEmpty()) {
            add(model, corrections, shard, at + 1, chosen);
        }
        for (String value : values) {
            chosen.put(INNER.get(at), value);
            add(model, corrections, shard, at + 1, chosen);
            chosen.remove(INNER.get(at));
        }
    }

    private List<String> tensors(SweepModel of) throws IOException {
        List<String> tensors = new ArrayList<>();
        for (String name : plan.axes().getOrDefault(Axis.TENSORS, List.of(Axis.ALL))) {
            if (name.equals(Axis.EACH)) {
                Model stored = ModelLoaders.open(of.file());
                Model model = of.foldBatchNorm() ? AnalysedForm.of(stored) : stored;
                model.tensors().stream()
                        .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                        .map(t -> t.id().name())
                        .filter(weight -> !tensors.contains(weight))
                        .forEach(tensors::add);
            } else if (!tensors.contains(name)) {
                tensors.add(name);
            }
        }
        return tensors;
    }
}
