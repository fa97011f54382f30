package org.quantscope.core.torch;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.ZipArchive;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.tensor.Shape;

/**
 * The weights of a program that {@code torch.export.save} wrote (.pt2). Since PyTorch 2.8 each weight is a file of its own,
 * described in {@code data/weights/NAME_weights_config.json} (torch/_export/serde/schema.py: PayloadConfig, TensorMeta);
 * before, they were a state dict in a file of {@code torch.save}. The program itself is not read.
 */
final class TorchExport {
    private static final String CONFIG = "_weights_config.json";

    private static final String PROGRAM =
            "the weights of an exported program are read, not the program: there is no graph";

    /** Element types by the number that the schema gives them (ScalarType). */
    private static final Map<Integer, String> TYPES = Map.ofEntries(
            Map.entry(1, "uint8"),
            Map.entry(2, "int8"),
            Map.entry(3, "int16"),
            Map.entry(4, "int32"),
            Map.entry(5, "int64"),
            Map.entry(6, "float16"),
            Map.entry(7, "float32"),
            Map.entry(8, "float64"),
            Map.entry(12, "bool"),
            Map.entry(13, "bfloat16"),
            Map.entry(28, "uint16"),
            Map.entry(29, "float8_e4m3fn"),
            Map.entry(30, "float8_e5m2"));

    private TorchExport() {}

    static TorchFile read(Path file, ZipArchive zip, boolean withData) throws IOException {
        for (ZipArchive.Member member : zip.members().values()) {
            String name = member.name();
            if (name.endsWith(CONFIG) && name.contains("data/weights/")) {
                return weights(file, zip, member, withData);
            }
            boolean stateDict = name.endsWith("serialized_state_dict.pt")
                    || (name.contains("data/weights/") && name.endsWith(".pt"));
            if (stateDict) {
                TorchFile read = zip.inner(member, inner -> TorchFile.zipped(file, inner, withData));
                List<String> notes = new ArrayList<>(List.of(PROGRAM));
                notes.addAll(read.skipped());
                return new TorchFile(read.tensors(), notes);
            }
        }
        throw new BadInputException(
                file,
                "zip",
                "holds neither data.pkl, as torch.save writes it, nor the weights of a program, as torch.export.save"
                        + " does");
    }

    private static TorchFile weights(Path file, ZipArchive zip, ZipArchive.Member config, boolean withData)
            throws IOException {
        if (config.size() > TorchFile.MAX_PICKLE) {
            throw new BadInputException(
                    file, config.name(), config.size() + " bytes are over the limit of " + TorchFile.MAX_PICKLE);
        }
        String root = config.name().substring(0, config.name().lastIndexOf('/') + 1);
        ByteOrder order = TorchFile.order(zip, root.substring(0, root.length() - "data/weights/".length()));
        Pickled.Entries weights = new Pickled.Entries();
        StrictJson.read(file, zip.content(config).toArray(ValueLayout.JAVA_BYTE), json -> {
            json.object(key -> {
                if (key.equals("config")) {
                    json.object(name -> weights.values().put(name, payload(json)));
                } else {
                    json.skip();
                }
            });
            return weights;
        });
        TorchFile read = TorchFile.tensors(file, withData, order, weights, key -> {
            ZipArchive.Member values = zip.members().get(root + key);
            if (values == null) {
                throw new BadInputException(file, root + key, "is not in the archive");
            }
            return zip.content(values);
        });
        List<String> notes = new ArrayList<>(List.of(PROGRAM));
        notes.addAll(read.skipped());
        return new TorchFile(read.tensors(), notes);
    }

    /** What is known of a weight while it is read. */
    private static final class Payload {
        private String path = "";
        private boolean pickled;
        private String type = "";
        private final List<Long> sizes = new ArrayList<>();
        private final List<Long> strides = new ArrayList<>();
        private long offset;
    }

    private static Pickled payload(StrictJson json) {
        Payload p = new Payload();
        json.object(key -> {
            switch (key) {
                case "path_name" -> p.path = json.string();
                case "use_pickle" -> p.pickled = json.bool();
                case "tensor_meta" -> {
                    if (json.isNull()) {
                        json.skip();
                    } else {
                        meta(json, p);
                    }
                }
                default -> json.skip();
            }
        });
        if (p.pickled || p.type.isEmpty()) {
            return new Pickled.Unknown("a pickle of its own");
        }
        if (p.sizes.size() != p.strides.size()) {
            throw json.bad(p.sizes.size() + " sizes and " + p.strides.size() + " strides");
        }
        Shape shape = json.make(() -> {
            Shape made = Shape.of(p.sizes.stream().mapToLong(Long::longValue).toArray());
            long count;
            try {
                count = made.count();
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException("shape: " + made + " is too large", e);
            }
            return count < 0 ? Shape.of() : made;
        });
        return new Pickled.TensorView(
                new Pickled.Storage(p.type, p.path, shape.count()), p.type, p.offset, shape, List.copyOf(p.strides));
    }

    private static void meta(StrictJson json, Payload p) {
        json.object(key -> {
            switch (key) {
                case "dtype" -> {
                    int type = json.integer(0, Integer.MAX_VALUE);
                    p.type = TYPES.getOrDefault(type, "number " + type);
                }
                case "sizes" -> json.array(() -> p.sizes.add(whole(json)));
                case "strides" -> json.array(() -> p.strides.add(whole(json)));
                case "storage_offset" -> p.offset = whole(json);
                default -> json.skip();
            }
        });
    }

    /** A whole number that the schema wraps: {@code {"as_int": 3}}. */
    private static long whole(StrictJson json) {
        long[] value = {-1};
        json.object(key -> {
            if (key.equals("as_int")) {
                value[0] = number(json);
            } else {
                json.skip();
            }
        });
        if (value[0] < 0) {
            throw json.bad("is no whole number from 0 on");
        }
        return value[0];
    }

    private static long number(StrictJson json) {
        String text = json.number();
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw json.bad(text + " is no whole number");
        }
    }
}
