package org.quantscope.core.sweep;

import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.session.AskedQuantizer;
import org.quantscope.core.session.AskedSettings;

/**
 * The settings of a point, in the words of the plan, which are those of the command line. What was not said is what the
 * command line would take.
 *
 * @param corrections of the float model, in their order: {@code ID[:key=value,…]}
 * @param shard which part of the evaluation data, from 0; 0 if there is only one
 * @param values one for each other axis on which something was said; under {@link Axis#TENSORS} the one weight that is
 *     quantized, and nothing for all
 */
public record PointSettings(List<String> corrections, int shard, Map<Axis, String> values) {
    /** In the place of a number of bits: these values are not quantized. */
    public static final String FLOAT = "float";

    static final String SYMMETRIC = "symmetric";
    static final String ASYMMETRIC = "asymmetric";

    public PointSettings {
        corrections = List.copyOf(corrections);
        Map<Axis, String> copy = new EnumMap<>(Axis.class);
        copy.putAll(values);
        values = Collections.unmodifiableMap(copy);
    }

    /** The one weight that is quantized; empty for all. */
    public Optional<String> tensor() {
        return Optional.ofNullable(values.get(Axis.TENSORS));
    }

    /** What the command line would be given. */
    AskedSettings asked(SweepModel model) {
        return new AskedSettings(
                null,
                bits(Axis.WEIGHTS),
                bits(Axis.ACTIVATIONS),
                new AskedQuantizer(
                        values.get(Axis.SCHEME),
                        is(Axis.SYMMETRY, SYMMETRIC),
                        is(Axis.SYMMETRY, ASYMMETRIC),
                        false,
                        false,
                        false,
                        values.get(Axis.GRANULARITY),
                        values.get(Axis.CALIBRATOR),
                        null,
                        values.get(Axis.ROUNDING)),
                values.get(Axis.ACTIVATION_SCHEME),
                is(Axis.ACTIVATION_SYMMETRY, SYMMETRIC),
                values.get(Axis.ACTIVATION_CALIBRATOR),
                null,
                model.keepFloat(),
                model.also(),
                !model.foldBatchNorm());
    }

    /** True if neither weights nor activations are to be quantized: no options of the command line say that. */
    boolean quantizesNothing() {
        return is(Axis.WEIGHTS, FLOAT) && is(Axis.ACTIVATIONS, FLOAT);
    }

    private boolean is(Axis axis, String value) {
        return value.equals(values.get(axis));
    }

    private @Nullable Integer bits(Axis axis) {
        String text = values.get(axis);
        return text == null || text.equals(FLOAT) ? null : Integer.valueOf(text);
    }

    /**
     * What was said, by the name of its axis, in the order of the axes.
     *
     * @param shards into how many parts the data is divided; if there is one, it is not mentioned
     */
    Map<String, Object> fields(int shards) {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (!corrections.isEmpty()) {
            fields.put(Axis.CORRECTIONS.id(), corrections);
        }
        if (shards > 1) {
            fields.put("shard", shard);
        }
        values.forEach((axis, text) -> {
            Integer bits = axis == Axis.WEIGHTS || axis == Axis.ACTIVATIONS ? bits(axis) : null;
            fields.put(axis.id(), bits == null ? text : bits);
        });
        return fields;
    }

    /** The same as one line of text, which tells the points of one model apart: {@code weights=4 granularity=channel}. */
    String key(int shards) {
        return fields(shards).entrySet().stream()
                .map(e -> e.getKey() + "="
                        + (e.getValue() instanceof List<?> list
                                ? list.stream().map(String::valueOf).collect(Collectors.joining("+"))
                                : e.getValue()))
                .collect(Collectors.joining(" "));
    }
}
