package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
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
                    case "encodings" -> json.array(() -> reading.take(reading.entry()));
                    case "version" -> reading.notes.add("encodings of version " + json.string());
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
                json.array(() -> take(entry()));
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
            int slices = into.scales.size();
            int ranges = into.mins.size();
            json.object(field -> member(into, field));
            if (into.scales.size() > slices + 1 || into.mins.size() > ranges + 1) {
                throw json.bad("one number for each of scale, offset, min and max is needed");
            }
        }

        Entry entry() {
            Entry entry = new Entry();
            json.object(field -> member(entry, field));
            if (entry.name == null) {
                throw json.bad("the field name is missing");
            }
            return entry;
        }

        private void member(Entry e, String field) {
            switch (field) {
                case "name" -> e.name = json.string();
                case "bitwidth", "bw" -> {
                    int bits = json.integer(1, 32);
                    if (e.bits != 0 && e.bits != bits) {
                        throw json.bad("the slices of a tensor have one width, got " + e.bits + " and " + bits);
                    }
                    e.bits = bits;
                }
                case "dtype" ->
                    e.floating = json.string().toLowerCase(Locale.ROOT).equals("float");
                case "output_dtype" -> e.type = json.string();
                case "is_symmetric", "is_sym" ->
                    e.symmetric = json.isString() ? json.string().equalsIgnoreCase("true") : json.bool();
                case "scale", "y_scale" -> {
                    if (json.isObject()) {
                        e.nested = true;
                        json.skip();
                    } else {
                        numbers(e.scales);
                    }
                }
                case "offset" -> wholes(e.offsets);
                case "y_zero_point" -> wholes(e.zeroPoints);
                case "min" -> numbers(e.mins);
                case "max" -> numbers(e.maxs);
                case "axis" -> e.axis = json.integer(0, 64);
                case "block_size" -> e.blockSize = json.integer(1, Integer.MAX_VALUE);
                case "per_block_int_scale", "per_channel_float_scale", "zero_point_shift" -> {
                    e.nested = true;
                    json.skip();
                }
                default -> json.skip();
            }
        }

        /** Reads a number, or lists of numbers nested to any depth. */
        private void numbers(List<Float> into) {
            if (json.isArray()) {
                json.array(() -> numbers(into));
            } else {
                into.add(json.float32());
            }
        }

        private void wholes(List<Integer> into) {
            if (json.isArray()) {
                json.array(() -> wholes(into));
                return;
            }
            double value = json.float64();
            if (value != Math.rint(value) || Math.abs(value) > Integer.MAX_VALUE) {
                throw json.bad("a whole number is needed, got " + value);
            }
            into.add((int) value);
        }

        /** Turns an entry into a spec, or remembers why that is impossible. */
        void take(Entry e) {
            String name = String.valueOf(e.name);
            TensorInfo info = names.find(name).orElse(null);
            if (info == null) {
                return;
            }
            if (!seen.add(name)) {
                throw json.bad(name + " occurs twice");
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
            } else if (e.scales.isEmpty() && (e.mins.isEmpty() || e.mins.size() != e.maxs.size())) {
                names.refuse(name, "it has neither scales nor pairs of min and max");
            } else {
                try {
                    spec(e, info, affine, signed);
                } catch (IllegalArgumentException wrong) {
                    throw json.bad(name + ": " + wrong.getMessage());
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
                    .withNarrowRange(false)
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
                                .withNarrowRange(mirrored)
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
                            .withNarrowRange(narrow)
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
