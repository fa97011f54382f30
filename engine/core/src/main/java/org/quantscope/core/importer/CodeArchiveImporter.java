package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.export.CodeArchive;
import org.quantscope.core.export.NpzExporter;
import org.quantscope.core.export.SafetensorsExporter;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.safetensors.SafetensorsFile;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Reads scales, zero points and codebooks of a quantized safetensors file or NumPy archive: {@link CodeArchive}. The codes follow from them and are not read. */
final class CodeArchiveImporter implements Importer {
    private static final int MOST_CODES = 1 << QuantSpec.MAX_BITS;

    private final String id;
    private final String title;
    private final String source;

    private CodeArchiveImporter(String id, String title, String source) {
        this.id = id;
        this.title = title;
        this.source = source;
    }

    static CodeArchiveImporter safetensors() {
        return new CodeArchiveImporter(
                SafetensorsExporter.ID,
                "Quantized safetensors",
                "https://huggingface.co/docs/safetensors/index#format");
    }

    static CodeArchiveImporter npz() {
        return new CodeArchiveImporter(
                NpzExporter.ID,
                "Quantized NumPy archive",
                "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html");
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
        return source;
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        Model archive = ModelLoaders.open(file);
        Map<String, TensorData> arrays = new HashMap<>();
        for (Tensor t : archive.tensors()) {
            arrays.put(t.id().name(), t.data());
        }
        Map<String, String> metadata = id.equals(NpzExporter.ID)
                ? fromArray(file, arrays)
                : SafetensorsFile.read(file, false).metadata();
        if (!CodeArchive.FORMAT.equals(metadata.get("format"))
                || !CodeArchive.VERSION.equals(metadata.get("version"))) {
            throw new BadInputException(
                    file,
                    "format",
                    CodeArchive.FORMAT + " of version " + CodeArchive.VERSION + " is needed, got "
                            + metadata.get("format") + " of version " + metadata.get("version"));
        }
        Names names = new Names(model);
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
            cancel.check();
            if (!entry.getKey().startsWith(CodeArchive.PREFIX)) {
                continue;
            }
            String name = entry.getKey().substring(CodeArchive.PREFIX.length());
            Entry said = StrictJson.read(
                    file,
                    entry.getValue().getBytes(java.nio.charset.StandardCharsets.UTF_8),
                    CodeArchiveImporter::entry);
            TensorInfo info = names.find(name).orElse(null);
            if (info == null) {
                continue;
            }
            try {
                QuantParams params = params(file, name, said, arrays);
                int slices = info.kind() == TensorKind.ACTIVATION
                        ? 1
                        : Slicing.of(info, params.granularity()).slices();
                if (slices != params.slices()) {
                    names.refuse(
                            name,
                            "it has " + params.slices() + " scales, its shape " + info.shape() + " has room for "
                                    + slices);
                } else {
                    Quantizers.byId(said.scheme);
                    specs.put(
                            info.id(),
                            new QuantSpec(
                                    said.scheme,
                                    said.bits,
                                    said.signed,
                                    said.symmetric,
                                    said.restrictedRange,
                                    params.granularity(),
                                    new Clip.Fixed(params),
                                    Map.of()));
                }
            } catch (IllegalArgumentException e) {
                throw new BadInputException(file, name, String.valueOf(e.getMessage()), e);
            }
        }
        return new Imported(specs, names.unmatched(), List.of());
    }

    private static Map<String, String> fromArray(Path file, Map<String, TensorData> arrays) throws IOException {
        TensorData stored = arrays.get(NpzExporter.METADATA);
        if (stored == null || stored.dtype().bytes() != 1) {
            throw new BadInputException(
                    file, NpzExporter.METADATA, "an array of bytes with the description of the others is needed");
        }
        Map<String, String> metadata = new HashMap<>();
        StrictJson.read(file, stored.segment().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE), json -> {
            json.object(key -> metadata.put(key, json.string()));
            return true;
        });
        return metadata;
    }

    /** What the metadata text says about a tensor. */
    private static final class Entry {
        String scheme = "";
        int bits;
        boolean signed;
        boolean symmetric;
        boolean restrictedRange;

        @Nullable
        Granularity granularity;

        int qmin;
        int qmax;
    }

    private static Entry entry(StrictJson json) {
        Entry e = new Entry();
        json.object(field -> {
            switch (field) {
                case "scheme" -> e.scheme = json.string();
                case "bits" -> e.bits = json.integer(1, QuantSpec.MAX_BITS);
                case "signed" -> e.signed = json.bool();
                case "symmetric" -> e.symmetric = json.bool();
                case "narrow_range" -> e.restrictedRange = json.bool();
                case "granularity" -> e.granularity = json.make(() -> Granularity.parse(json.string()));
                case "qmin" -> e.qmin = json.integer(-MOST_CODES, MOST_CODES);
                case "qmax" -> e.qmax = json.integer(-MOST_CODES, MOST_CODES);
                default -> json.skip();
            }
        });
        return e;
    }

    private static QuantParams params(Path file, String name, Entry said, Map<String, TensorData> arrays) {
        if (said.granularity == null) {
            throw new BadInputException(file, name, "granularity: the field is missing");
        }
        float[] scales = need(file, arrays, name + CodeArchive.SCALES).toFloats();
        TensorData zeroPoints = arrays.get(name + CodeArchive.ZERO_POINTS);
        if (zeroPoints != null) {
            return new QuantParams(
                    said.granularity,
                    scales,
                    integers(file, name + CodeArchive.ZERO_POINTS, zeroPoints),
                    said.qmin,
                    said.qmax);
        }
        TensorData shared = arrays.get(name + CodeArchive.CODEBOOK);
        if (shared != null) {
            return QuantParams.ofCodebook(said.granularity, scales, new CodebookGrid(shared.toFloats()));
        }
        float[] levels = need(file, arrays, name + CodeArchive.CODEBOOKS).toFloats();
        List<CodebookGrid> codebooks = new ArrayList<>();
        int at = 0;
        for (int size : integers(
                file, name + CodeArchive.CODEBOOK_SIZES, need(file, arrays, name + CodeArchive.CODEBOOK_SIZES))) {
            if (size < 1 || size > levels.length - at) {
                throw new BadInputException(
                        file,
                        name + CodeArchive.CODEBOOK_SIZES,
                        size + " levels, " + (levels.length - at) + " are left");
            }
            codebooks.add(new CodebookGrid(Arrays.copyOfRange(levels, at, at + size)));
            at += size;
        }
        return QuantParams.ofCodebooks(said.granularity, scales, codebooks);
    }

    private static TensorData need(Path file, Map<String, TensorData> arrays, String name) {
        TensorData found = arrays.get(name);
        if (found == null) {
            throw new BadInputException(file, name, "the array is missing");
        }
        return found;
    }

    private static int[] integers(Path file, String name, TensorData data) {
        if (data.dtype().isFloating()) {
            throw new BadInputException(file, name, "integers are needed, got " + data.dtype());
        }
        int[] values = new int[Math.toIntExact(data.count())];
        for (int i = 0; i < values.length; i++) {
            long value = data.integer(i);
            if (value != (int) value) {
                throw new BadInputException(file, name, "value " + i + " is " + value);
            }
            values[i] = (int) value;
        }
        return values;
    }
}
