package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.export.OrtOverridesExporter;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.InputFile;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Reads tensor overrides of ONNX Runtime: a list of entries for each tensor, each a scale with a zero point or a range,
 * or one entry with lists in it. An entry may name its type. If it does not, the type comes from the arguments in the
 * file {@code .args} beside it, else it is the default of the quantizer: quint8 for activations and qint8 for weights.
 */
final class OrtOverridesImporter implements Importer {
    private static final long MAX_BYTES = 256L << 20;
    private static final long MAX_TOKENS = 64L << 20;
    private static final int MAX_ARGUMENTS = 1 << 16;
    private static final Pattern TYPE = Pattern.compile("(?:quanttype\\.)?q(u?)int(4|8|16)");
    private static final Pattern ARGUMENT = Pattern.compile("--(activation|weight)_type\\s+(\\S+)");
    /** Type names by their number in ONNX Runtime's QuantType. */
    private static final List<String> NUMBERED =
            List.of("qint8", "quint8", "qfloat8e4m3fn", "qint16", "quint16", "qint4", "quint4");

    /** The codes of a type. */
    private record Type(int bits, boolean signed) {
        int min() {
            return signed ? -(1 << (bits - 1)) : 0;
        }

        int max() {
            return signed ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
        }
    }

    @Override
    public String id() {
        return OrtOverridesExporter.ID;
    }

    @Override
    public String title() {
        return "ONNX Runtime tensor overrides";
    }

    @Override
    public String source() {
        return OrtOverridesExporter.SOURCE;
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        Map<String, String> arguments =
                arguments(file.resolveSibling(file.getFileName() + OrtOverridesExporter.ARGUMENTS));
        return StrictJson.read(file, MAX_BYTES, MAX_TOKENS, json -> {
            Reading reading = new Reading(json, model, arguments);
            json.object(name -> {
                cancel.check();
                reading.tensor(name);
            });
            return new Imported(reading.specs, reading.names.unmatched(), List.copyOf(reading.notes));
        });
    }

    private static Map<String, String> arguments(Path file) throws IOException {
        Map<String, String> found = new HashMap<>();
        if (!Files.isRegularFile(file)) {
            return found;
        }
        Matcher matcher = ARGUMENT.matcher(
                new String(InputFile.bytes(file, MAX_ARGUMENTS, "a file of arguments"), StandardCharsets.UTF_8));
        while (matcher.find()) {
            if (type(matcher.group(2)).isEmpty()) {
                throw new BadInputException(
                        file,
                        matcher.group(1) + "_type",
                        matcher.group(2) + " is not one of qint4, quint4, qint8, quint8, qint16, quint16");
            }
            found.put(matcher.group(1), matcher.group(2));
        }
        return found;
    }

    private static Optional<Type> type(String text) {
        Matcher matcher = TYPE.matcher(text.toLowerCase(Locale.ROOT));
        return matcher.matches()
                ? Optional.of(new Type(
                        Integer.parseInt(matcher.group(2)), matcher.group(1).isEmpty()))
                : Optional.empty();
    }

    /** The entries of one tensor, combined. */
    private static final class Entry {
        @Nullable
        String type;

        @Nullable
        Integer axis;

        @Nullable
        Boolean symmetric;

        boolean reduced;
        boolean converted;
        final List<Float> scales = new ArrayList<>();
        final List<Integer> zeroPoints = new ArrayList<>();
        final List<Float> mins = new ArrayList<>();
        final List<Float> maxs = new ArrayList<>();
    }

    private static final class Reading {
        final StrictJson json;
        final Names names;
        final Map<String, String> arguments;
        final Map<TensorId, QuantSpec> specs = new HashMap<>();
        final List<String> notes = new ArrayList<>();

        Reading(StrictJson json, Model model, Map<String, String> arguments) {
            this.json = json;
            this.names = new Names(model);
            this.arguments = arguments;
        }

        void tensor(String name) {
            Entry entry = new Entry();
            if (json.isArray()) {
                json.array(() -> json.object(field -> member(entry, field)));
            } else {
                json.object(field -> member(entry, field));
            }
            names.find(name).ifPresent(info -> take(info, entry));
        }

        private void member(Entry e, String field) {
            switch (field) {
                case "quant_type" -> {
                    String type = json.isString() ? json.string() : NUMBERED.get(json.integer(0, NUMBERED.size() - 1));
                    if (e.type != null && !e.type.equals(type)) {
                        throw json.bad("the entries of a tensor have one type, got " + e.type + " and " + type);
                    }
                    e.type = type;
                }
                case "scale" -> floats(e.scales);
                case "zero_point" -> wholes(e.zeroPoints);
                case "rmin" -> floats(e.mins);
                case "rmax" -> floats(e.maxs);
                case "axis" -> {
                    int axis = json.integer(-64, 63);
                    if (e.axis != null && e.axis != axis) {
                        throw json.bad("the entries of a tensor have one axis, got " + e.axis + " and " + axis);
                    }
                    e.axis = axis;
                }
                case "symmetric" -> {
                    boolean symmetric = json.bool();
                    if (e.symmetric != null && e.symmetric != symmetric) {
                        throw json.bad("the entries of a tensor are all symmetric or none is");
                    }
                    e.symmetric = symmetric;
                }
                case "reduce_range" -> e.reduced |= json.bool();
                case "convert" -> {
                    e.converted = true;
                    json.skip();
                }
                default ->
                    throw json.unknown(
                            "quant_type",
                            "scale",
                            "zero_point",
                            "rmin",
                            "rmax",
                            "axis",
                            "symmetric",
                            "reduce_range",
                            "convert");
            }
        }

        private void floats(List<Float> into) {
            if (json.isArray()) {
                json.array(() -> into.add(json.float32()));
            } else {
                into.add(json.float32());
            }
        }

        private void wholes(List<Integer> into) {
            if (json.isArray()) {
                json.array(() -> into.add(json.integer(-(1 << 15), (1 << 16) - 1)));
            } else {
                into.add(json.integer(-(1 << 15), (1 << 16) - 1));
            }
        }

        private void take(TensorInfo info, Entry e) {
            String name = info.id().name();
            boolean activation = info.kind() == TensorKind.ACTIVATION;
            boolean scaled = !e.scales.isEmpty() || !e.zeroPoints.isEmpty();
            boolean ranged = !e.mins.isEmpty() || !e.maxs.isEmpty();
            if (e.scales.size() != e.zeroPoints.size()) {
                throw json.bad(e.scales.size() + " scales for " + e.zeroPoints.size() + " zero points");
            }
            if (e.mins.size() != e.maxs.size()) {
                throw json.bad(e.mins.size() + " values of rmin for " + e.maxs.size() + " of rmax");
            }
            if (scaled && (ranged || e.symmetric != null || e.reduced)) {
                throw json.bad("a scale and a zero point exclude rmin, rmax, symmetric and reduce_range");
            }
            String said = e.type != null
                    ? e.type
                    : arguments.getOrDefault(activation ? "activation" : "weight", activation ? "quint8" : "qint8");
            Type type = type(said).orElse(null);
            if (type == null) {
                names.refuse(name, "its type is " + said);
                return;
            }
            if (e.reduced) {
                names.refuse(name, "it has a reduced range");
                return;
            }
            if (e.converted) {
                notes.add(name + " is converted to a second type for some of its readers, which is passed over");
            }
            int n = Math.max(e.scales.size(), e.mins.size());
            if (activation && (n > 1 || e.axis != null)) {
                throw json.bad("only weights can have a scale for each channel");
            }
            int rank = info.shape().rank();
            int axis = e.axis == null ? -1 : e.axis < 0 ? e.axis + rank : e.axis;
            if (e.axis != null && (axis < 0 || axis >= rank)) {
                throw json.bad("axis " + e.axis + " is none of " + info.shape());
            }
            if (n > 1 && e.axis == null) {
                throw json.bad(n + " entries need an axis in the first");
            }
            Granularity granularity = e.axis == null ? Granularity.TENSOR : new Granularity.PerChannel(axis);
            if (n > 1 && Slicing.of(info, granularity).slices() != n) {
                throw json.bad(n + " entries, axis " + axis + " of " + info.shape() + " wants "
                        + Slicing.of(info, granularity).slices());
            }
            if (n == 1 && e.axis != null && Slicing.of(info, granularity).slices() > 1) {
                // One entry serves all channels.
                granularity = Granularity.TENSOR;
            }
            QuantSpec base = (activation ? QuantSpec.ACTIVATIONS : QuantSpec.WEIGHTS)
                    .withBits(type.bits)
                    .withSigned(type.signed)
                    .withRestrictedRange(false)
                    .withGranularity(granularity);
            Granularity grain = granularity;
            specs.put(
                    info.id(),
                    json.make(() -> scaled
                            ? fixed(base, e, type, grain)
                            : ranged
                                    ? manual(base, e)
                                    : base.withSymmetric(Boolean.TRUE.equals(e.symmetric) || !activation)));
        }

        private static QuantSpec fixed(QuantSpec base, Entry e, Type type, Granularity granularity) {
            float[] scales = new float[e.scales.size()];
            for (int i = 0; i < scales.length; i++) {
                scales[i] = e.scales.get(i);
            }
            int[] zeroPoints = e.zeroPoints.stream().mapToInt(z -> z).toArray();
            int middle = type.signed ? 0 : 1 << (type.bits - 1);
            return base.withSymmetric(IntStream.of(zeroPoints).allMatch(z -> z == middle))
                    .withClip(new Clip.Fixed(new QuantParams(granularity, scales, zeroPoints, type.min(), type.max())));
        }

        private static QuantSpec manual(QuantSpec base, Entry e) {
            boolean mirrored = Boolean.TRUE.equals(e.symmetric);
            List<ClipRange> ranges = new ArrayList<>();
            for (int i = 0; i < e.mins.size(); i++) {
                // As in the quantizer, the range is widened to hold 0, and mirrored if it is to be symmetric.
                float lo = Math.min(e.mins.get(i), 0);
                float hi = Math.max(e.maxs.get(i), 0);
                ranges.add(mirrored ? ClipRange.symmetric(Math.max(-lo, hi)) : new ClipRange(lo, hi));
            }
            return base.withSymmetric(mirrored)
                    .withRestrictedRange(mirrored)
                    .withClip(
                            ranges.size() == 1
                                    ? new Clip.Manual(ranges.getFirst())
                                    : new Clip.ManualPerChannel(ranges));
        }
    }
}
