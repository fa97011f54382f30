package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Reads the encoding files of AIMET and the overrides of QNN. The structure of the file tells the version: maps of
 * lists up to 0.6.1 and for QNN, two lists of entries in 1.0.0, one list in 2.0.0. An offset of −2^(bits−1) makes a
 * symmetric tensor signed; an offset of −(2^(bits−1) − 1) in a tensor marked as symmetric is the restricted range of
 * older releases.
 *
 * <p>An entry that cannot be read or used is listed with the reason, and the others are read all the same; a member that
 * is null counts as left out.
 */
final class AimetImporter implements Importer {
    private static final long MAX_BYTES = 256L << 20;
    private static final long MAX_TOKENS = 64L << 20;
    /**
     * Our scheme for each type name of version 2.0.0. Per block it is the scheme with a power-of-two scale for each
     * block.
     */
    private static final Map<String, String> FLOATS =
            Map.of("float8e4m3fn", "fp8_e4m3fn", "float8e5m2", "fp8_e5m2", "float4e2m1", "fp4_e2m1");

    private static final Map<String, String> BLOCKED_FLOATS =
            Map.of("float8e4m3fn", "mxfp8_e4m3", "float8e5m2", "mxfp8_e5m2", "float4e2m1", "mxfp4");

    private final String id;
    private final String title;

    AimetImporter(String id, String title) {
        this.id = id;
        this.title = title;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public String source() {
        return "https://quic.github.io/aimet-pages/releases/latest/techniques/encoding_spec.html";
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        return StrictJson.read(file, MAX_BYTES, MAX_TOKENS, json -> {
            Reading reading = new Reading(json, model);
            json.object(section -> {
                cancel.check();
                switch (section) {
                    case "activation_encodings", "param_encodings" -> reading.section();
                    case "encodings" -> json.array(reading::entry);
                    case "version" -> reading.notes.add("the file states version " + json.string());
                    default -> json.skip();
                }
            });
            return new Imported(reading.specs, reading.names.unmatched(), reading.notes);
        });
    }

    /** The content of one entry, in terms that all versions share. */
    private static final class Entry {
        @Nullable
        String name;

        int bits;
        boolean floating;
        String type = "";
        boolean symmetric;
        boolean nested;

        /** What is wrong with the entry. */
        @Nullable
        String odd;

        @Nullable
        Integer axis;

        @Nullable
        Integer blockSize;

        final List<Float> scales = new ArrayList<>();
        final List<Integer> offsets = new ArrayList<>();
        final List<Integer> zeroPoints = new ArrayList<>();
        final List<Float> mins = new ArrayList<>();
        final List<Float> maxs = new ArrayList<>();
    }

    private static final class Reading {
        final StrictJson json;
        final Names names;
        final Map<TensorId, QuantSpec> specs = new HashMap<>();
        final List<String> notes = new ArrayList<>();
        final Set<String> seen = new HashSet<>();

        Reading(StrictJson json, Model model) {
            this.json = json;
            this.names = new Names(model);
        }

        /** Reads either form: a map from names to lists with one object for each slice, or a list of entries. */
        void section() {
            if (json.isArray()) {
                json.array(this::entry);
                return;
            }
            json.object(name -> {
                if (!json.isArray()) {
                    names.refuse(
                            name,
                            "its encodings are by the inputs and outputs of a module, not by the name of a tensor");
                    json.skip();
                    return;
                }
                Entry all = new Entry();
                all.name = name;
                json.array(() -> legacy(all));
                take(all);
            });
        }

        /** Reads one slice of a legacy entry. */
        private void legacy(Entry into) {
            if (!json.isObject()) {
                odd(into, "a slice is no object");
                json.skip();
                return;
            }
            int slices = into.scales.size();
            int ranges = into.mins.size();
            json.object(field -> member(into, field));
            if (into.scales.size() > slices + 1 || into.mins.size() > ranges + 1) {
                odd(into, "one number for each of scale, offset, min and max is needed");
            }
        }

        void entry() {
            if (!json.isObject()) {
                names.refuse(json.path(), "an entry is an object");
                json.skip();
                return;
            }
            Entry entry = new Entry();
            json.object(field -> member(entry, field));
            if (entry.name == null) {
                names.refuse(json.path(), "it has no name");
            } else {
                take(entry);
            }
        }

        /** Remembers the first thing that is wrong with an entry. */
        private static void odd(Entry e, String what) {
            if (e.odd == null) {
                e.odd = what;
            }
        }

        private void member(Entry e, String field) {
            if (json.isNull()) {
                return;
            }
            switch (field) {
                case "name" -> text(e, field).ifPresent(name -> e.name = name);
                case "bitwidth", "bw" -> {
                    List<Integer> bits = new ArrayList<>();
                    wholes(e, field, bits);
                    for (int b : bits) {
                        if (e.bits != 0 && e.bits != b) {
                            odd(e, "the slices of a tensor have one width, got " + e.bits + " and " + b);
                        }
                        e.bits = b;
                    }
                }
                case "dtype" ->
                    text(e, field)
                            .ifPresent(type ->
                                    e.floating = type.toLowerCase(Locale.ROOT).equals("float"));
                case "output_dtype" -> text(e, field).ifPresent(type -> e.type = type);
                case "is_symmetric", "is_sym" -> {
                    if (json.isBool()) {
                        e.symmetric = json.bool();
                    } else {
                        text(e, field).ifPresent(said -> e.symmetric = said.equalsIgnoreCase("true"));
                    }
                }
                case "scale", "y_scale" -> {
                    if (json.isObject()) {
                        e.nested = true;
                        json.skip();
                    } else {
                        numbers(e, field, e.scales);
                    }
                }
                case "offset" -> wholes(e, field, e.offsets);
                case "y_zero_point" -> wholes(e, field, e.zeroPoints);
                case "min" -> numbers(e, field, e.mins);
                case "max" -> numbers(e, field, e.maxs);
                case "axis" -> e.axis = within(e, field, 0, 64);
                case "block_size" -> e.blockSize = within(e, field, 1, Integer.MAX_VALUE);
                case "per_block_int_scale", "per_channel_float_scale", "zero_point_shift" -> {
                    e.nested = true;
                    json.skip();
                }
                default -> json.skip();
            }
        }

        private Optional<String> text(Entry e, String field) {
            if (json.isString()) {
                return Optional.of(json.string());
            }
            odd(e, field + " is no text");
            json.skip();
            return Optional.empty();
        }

        private @Nullable Integer within(Entry e, String field, int min, int max) {
            List<Integer> one = new ArrayList<>();
            wholes(e, field, one);
            if (one.size() == 1 && one.getFirst() >= min && one.getFirst() <= max) {
                return one.getFirst();
            }
            odd(e, field + " is no whole number from " + min + " to " + max);
            return null;
        }

        /** Reads a number, or lists of numbers nested to any depth; calls {@code each} with the text of every one. */
        private void each(Entry e, String field, Consumer<String> each) {
            if (json.isArray()) {
                json.array(() -> each(e, field, each));
            } else if (json.isNumber()) {
                each.accept(json.number());
            } else {
                odd(e, field + " is no number");
                json.skip();
            }
        }

        private void numbers(Entry e, String field, List<Float> into) {
            each(e, field, text -> {
                float value = Float.parseFloat(text);
                if (!Float.isFinite(value)) {
                    odd(e, field + " is " + text + ", a finite float32 is needed");
                }
                into.add(value);
            });
        }

        private void wholes(Entry e, String field, List<Integer> into) {
            each(e, field, text -> {
                double value = Double.parseDouble(text);
                if (value != Math.rint(value) || Math.abs(value) > Integer.MAX_VALUE) {
                    odd(e, field + " is " + text + ", a whole number of 32 bits is needed");
                }
                into.add((int) value);
            });
        }

        /** Turns an entry into a spec, or remembers why that is impossible. */
        void take(Entry e) {
            String name = String.valueOf(e.name);
            TensorInfo info = names.find(name).orElse(null);
            if (info == null) {
                return;
            }
            if (!seen.add(name)) {
                names.refuse(name, "it occurs twice, the first is taken");
                return;
            }
            boolean affine = !FLOATS.containsKey(e.type);
            boolean signed = e.type.startsWith("int");
            if (affine && !e.type.isEmpty()) {
                e.bits = e.type.matches("u?int[0-9]{1,2}") ? Integer.parseInt(e.type.replaceAll("[a-z]", "")) : 0;
                if (e.bits == 0) {
                    names.refuse(name, "its type is " + e.type);
                    return;
                }
            }
            if (e.floating) {
                names.refuse(name, "it is float there");
            } else if (e.nested) {
                names.refuse(name, "its scales have scales of their own");
            } else if (affine && (e.bits < QuantSpec.MIN_BITS || e.bits > QuantSpec.MAX_BITS)) {
                names.refuse(
                        name,
                        "it has " + e.bits + " bits, " + QuantSpec.MIN_BITS + " to " + QuantSpec.MAX_BITS
                                + " can be had here");
            } else if (e.odd != null) {
                names.refuse(name, e.odd);
            } else if (e.scales.isEmpty() && (e.mins.isEmpty() || e.mins.size() != e.maxs.size())) {
                names.refuse(name, "it has neither scales nor pairs of min and max");
            } else {
                try {
                    spec(e, info, affine, signed);
                } catch (IllegalArgumentException wrong) {
                    names.refuse(name, String.valueOf(wrong.getMessage()));
                }
            }
        }

        private void spec(Entry e, TensorInfo info, boolean affine, boolean signed) {
            int n = e.scales.isEmpty() ? e.mins.size() : e.scales.size();
            Granularity granularity = granularity(e, info, n);
            int slices = info.kind() == TensorKind.ACTIVATION
                    ? 1
                    : Slicing.of(info, granularity).slices();
            if (slices != n || (info.kind() == TensorKind.ACTIVATION && n > 1)) {
                names.refuse(
                        info.id().name(),
                        "it has " + n + " scales, its shape " + info.shape() + " has room for " + slices);
                return;
            }
            QuantSpec base = (info.kind() == TensorKind.ACTIVATION ? QuantSpec.ACTIVATIONS : QuantSpec.WEIGHTS)
                    .withRestrictedRange(false)
                    .withGranularity(granularity);
            int[] order = order(e, info, n);
            if (!affine) {
                String scheme = (e.blockSize == null ? FLOATS : BLOCKED_FLOATS).get(e.type);
                QuantSpec spec = Quantizers.byId(String.valueOf(scheme)).adapt(base);
                float[] scales = scales(e, order);
                CodebookGrid levels = spec.quantizer()
                        .resolve(spec, granularity, List.of(ClipRange.symmetric(1)))
                        .codebooks()
                        .getFirst();
                put(info, spec.withClip(new Clip.Fixed(QuantParams.ofCodebook(granularity, scales, levels))));
                return;
            }
            int middle = 1 << (e.bits - 1);
            if (e.scales.isEmpty()) {
                List<ClipRange> ranges = new ArrayList<>();
                for (int i = 0; i < n; i++) {
                    ranges.add(new ClipRange(e.mins.get(i), e.maxs.get(i)));
                }
                boolean mirrored = ranges.stream().allMatch(r -> r.lo() == -r.hi());
                put(
                        info,
                        base.withBits(e.bits)
                                .withSymmetric(mirrored)
                                .withSigned(mirrored)
                                .withRestrictedRange(mirrored)
                                .withClip(
                                        n == 1
                                                ? new Clip.Manual(ranges.getFirst())
                                                : new Clip.ManualPerChannel(ranges)));
                return;
            }
            boolean hasOffsets = e.type.isEmpty();
            List<Integer> given = hasOffsets ? e.offsets : e.zeroPoints;
            if (!given.isEmpty() && given.size() != n) {
                throw new IllegalArgumentException(
                        (hasOffsets ? "offset" : "y_zero_point") + ": " + given.size() + " for " + n + " scales");
            }
            if (hasOffsets && given.isEmpty()) {
                throw new IllegalArgumentException("offset: it is missing");
            }
            boolean centred = hasOffsets && given.stream().allMatch(o -> o == -middle);
            boolean narrow = hasOffsets && e.symmetric && given.stream().allMatch(o -> o == 1 - middle);
            boolean below = hasOffsets ? e.symmetric && (centred || narrow) : signed;
            int qmin = below ? (narrow ? 1 - middle : -middle) : 0;
            int qmax = below ? middle - 1 : 2 * middle - 1;
            int[] zeroPoints = new int[n];
            for (int i = 0; i < n; i++) {
                int value = given.isEmpty() ? 0 : given.get(order[i]);
                zeroPoints[i] = hasOffsets ? (below ? 0 : -value) : value;
            }
            QuantParams params = new QuantParams(granularity, scales(e, order), zeroPoints, qmin, qmax);
            boolean symmetric = below
                    && params.zeroPoints().length > 0
                    && IntStream.of(params.zeroPoints()).allMatch(z -> z == 0);
            put(
                    info,
                    base.withBits(e.bits)
                            .withSigned(below)
                            .withSymmetric(symmetric)
                            .withRestrictedRange(narrow)
                            .withClip(new Clip.Fixed(params)));
        }

        private void put(TensorInfo info, QuantSpec spec) {
            specs.put(info.id(), spec);
        }

        private static float[] scales(Entry e, int[] order) {
            float[] scales = new float[order.length];
            for (int i = 0; i < order.length; i++) {
                scales[i] = e.scales.get(order[i]);
            }
            return scales;
        }

        private static Granularity granularity(Entry e, TensorInfo info, int n) {
            if (e.blockSize != null) {
                int axis = e.axis != null ? e.axis : 1 - info.defaultAxis();
                return new Granularity.PerBlock(Math.max(0, axis), e.blockSize);
            }
            if (e.axis != null) {
                return new Granularity.PerChannel(e.axis);
            }
            return n == 1 ? Granularity.TENSOR : new Granularity.PerChannel(info.defaultAxis());
        }

        /**
         * The position in the file of each of our slices. Version 1.0.0 lists the blocks of one output channel after
         * the other, whichever way the weight is stored.
         */
        private static int[] order(Entry e, TensorInfo info, int n) {
            int[] order = new int[n];
            boolean swapped =
                    e.blockSize != null && e.type.isEmpty() && info.shape().rank() == 2 && info.defaultAxis() == 1;
            int channels = swapped ? Math.toIntExact(info.shape().dim(1)) : 1;
            int blocks = n / Math.max(1, channels);
            for (int i = 0; i < n; i++) {
                order[i] = swapped ? i % channels * blocks + i / channels : i;
            }
            return order;
        }
    }
}
