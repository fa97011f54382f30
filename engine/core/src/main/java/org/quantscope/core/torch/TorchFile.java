package org.quantscope.core.torch;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.io.ZipArchive;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;

/**
 * The tensors of a file that {@code torch.save} wrote: a state dict, or a checkpoint with one in it; as a zip archive, or in
 * the format before 1.6. What else lies in it is not made again, and nothing of it is run.
 *
 * @param tensors by name, in the order of the file
 * @param skipped what is there but not read, one sentence each
 */
public record TorchFile(Map<String, Stored> tensors, List<String> skipped) {
    /** Files with more tensors are refused. */
    static final int MAX_TENSORS = 100_000;

    /** The longest pickle in bytes: it holds names and shapes only. */
    static final long MAX_PICKLE = 64 << 20;

    /** The begin of the old format: a pickle of this number, 0x1950a86a20f9469cfc6c. */
    private static final byte[] MAGIC = {
        (byte) 0x80,
        2,
        (byte) 0x8a,
        10,
        0x6c,
        (byte) 0xfc,
        (byte) 0x9c,
        0x46,
        (byte) 0xf9,
        0x20,
        0x6a,
        (byte) 0xa8,
        0x50,
        0x19,
        '.'
    };

    /** Where checkpoints keep the model, by how surely. */
    private static final List<String> MODELS = List.of(
            "state_dict",
            "model_state_dict",
            "model_state",
            "module",
            "model",
            "net",
            "network",
            "params_ema",
            "params",
            "weights",
            "ema");

    private static final Map<String, DType> DTYPES = Map.ofEntries(
            Map.entry("float64", DType.F64),
            Map.entry("float32", DType.F32),
            Map.entry("float16", DType.F16),
            Map.entry("bfloat16", DType.BF16),
            Map.entry("float8_e4m3fn", DType.F8_E4M3),
            Map.entry("float8_e5m2", DType.F8_E5M2),
            Map.entry("int64", DType.I64),
            Map.entry("int32", DType.I32),
            Map.entry("int16", DType.I16),
            Map.entry("int8", DType.I8),
            Map.entry("uint64", DType.U64),
            Map.entry("uint32", DType.U32),
            Map.entry("uint16", DType.U16),
            Map.entry("uint8", DType.U8),
            Map.entry("bool", DType.BOOL));

    private static final String ADVICE =
            "save its state dict with torch.save(model.state_dict(), \"model.pt\"), or export it with"
                    + " torch.onnx.export";

    public TorchFile {
        tensors = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        skipped = List.copyOf(skipped);
    }

    /** A tensor of the file. */
    public record Stored(DType dtype, Shape shape, TensorData data) {}

    /** True if a file begins as the format before 1.6 does. */
    public static boolean isLegacy(byte[] head) {
        if (head.length < MAGIC.length) {
            return false;
        }
        for (int i = 0; i < MAGIC.length; i++) {
            if (head[i] != MAGIC[i]) {
                return false;
            }
        }
        return true;
    }

    /**
     * Reads the names and shapes, and maps the values.
     *
     * @param legacy true for the format before 1.6
     * @param withData false reads no values
     * @throws BadInputException if the file is damaged, holds no state dict or something unsupported
     * @throws IOException if it cannot be read at all
     */
    public static TorchFile read(Path file, boolean legacy, boolean withData) throws IOException {
        return legacy ? legacy(file, withData) : ZipArchive.open(file, zip -> zipped(file, zip, withData));
    }

    static TorchFile zipped(Path file, ZipArchive zip, boolean withData) throws IOException {
        Optional<String> found = zip.members().keySet().stream()
                .filter(name -> name.equals("data.pkl") || name.endsWith("/data.pkl"))
                .findFirst();
        if (found.isEmpty()) {
            return TorchExport.read(file, zip, withData);
        }
        String pickle = found.get();
        String root = pickle.substring(0, pickle.length() - "data.pkl".length());
        if (zip.members().containsKey(root + "constants.pkl")) {
            throw new BadInputException(file, "format", "is a TorchScript program; " + ADVICE);
        }
        ZipArchive.Member described = Objects.requireNonNull(zip.members().get(pickle));
        if (described.size() > MAX_PICKLE) {
            throw new BadInputException(file, pickle, described.size() + " bytes are over the limit of " + MAX_PICKLE);
        }
        ByteOrder order = order(zip, root);
        Pickled content = new Unpickler(file, zip.content(described), 0).read();
        return tensors(file, withData, order, content, key -> {
            ZipArchive.Member values = zip.members().get(root + "data/" + key);
            if (values == null) {
                throw new BadInputException(file, "data/" + key, "is not in the archive");
            }
            return zip.content(values);
        });
    }

    static ByteOrder order(ZipArchive zip, String root) throws IOException {
        ZipArchive.Member said = zip.members().get(root + "byteorder");
        if (said == null || said.size() > 16) {
            return ByteOrder.LITTLE_ENDIAN;
        }
        byte[] text = zip.content(said).toArray(ValueLayout.JAVA_BYTE);
        return new String(text, StandardCharsets.US_ASCII).strip().equals("big")
                ? ByteOrder.BIG_ENDIAN
                : ByteOrder.LITTLE_ENDIAN;
    }

    /** Magic, version, facts of the machine, the object, the keys of its storages, and these: each a length and values. */
    private static TorchFile legacy(Path file, boolean withData) throws IOException {
        MappedFile mapped = MappedFile.map(file);
        MemorySegment bytes = mapped.bytes();
        Unpickler version = new Unpickler(file, bytes, MAGIC.length);
        version.read();
        Unpickler system = new Unpickler(file, bytes, version.end());
        ByteOrder order = system.read() instanceof Pickled.Entries facts
                        && facts.values().get("little_endian") instanceof Pickled.Plain(Boolean little)
                        && !little
                ? ByteOrder.BIG_ENDIAN
                : ByteOrder.LITTLE_ENDIAN;
        Unpickler object = new Unpickler(file, bytes, system.end());
        Pickled content = object.read();
        Unpickler keys = new Unpickler(file, bytes, object.end());
        Map<String, Pickled.Storage> storages = new HashMap<>();
        collect(content, storages, new IdentityHashMap<>());
        Map<String, MemorySegment> values = new HashMap<>();
        long at;
        if (keys.read() instanceof Pickled.Items list) {
            at = keys.end();
            for (Pickled key : list.values()) {
                Pickled.Storage storage = key instanceof Pickled.Text t ? storages.get(t.value()) : null;
                if (storage == null) {
                    throw new BadInputException(
                            file, "storages", "a key is listed that no tensor uses, so that its size is unknown");
                }
                long left = bytes.byteSize() - at;
                long count = left < Long.BYTES
                        ? -1
                        : bytes.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), at);
                int width = Optional.ofNullable(DTYPES.get(storage.dtype()))
                        .map(DType::bytes)
                        .orElse(1);
                if (count < 0 || count != storage.count() || count > (left - Long.BYTES) / width) {
                    throw new BadInputException(
                            file,
                            "storage " + storage.key(),
                            "with " + storage.count() + " values ends behind the " + bytes.byteSize()
                                    + " bytes of the file, or has another length");
                }
                values.put(storage.key(), bytes.asSlice(at + Long.BYTES, count * width));
                at += Long.BYTES + count * width;
            }
        } else {
            throw new BadInputException(file, "storages", "are not listed behind the object");
        }
        return tensors(file, withData, order, content, key -> {
            MemorySegment found = values.get(key);
            if (found == null) {
                throw new BadInputException(file, "storage " + key, "is not in the file");
            }
            return found;
        });
    }

    /** The tensors in what a file describes. */
    static TorchFile tensors(Path file, boolean withData, ByteOrder order, Pickled content, Storages storages)
            throws IOException {
        return new Reading(file, withData, order, storages).of(content);
    }

    private static void collect(Pickled value, Map<String, Pickled.Storage> into, Map<Pickled, Boolean> seen) {
        List<Pickled> open = new ArrayList<>(List.of(value));
        while (!open.isEmpty()) {
            Pickled next = open.removeLast();
            switch (next) {
                case Pickled.TensorView t -> into.put(t.storage().key(), t.storage());
                case Pickled.Storage s -> into.put(s.key(), s);
                case Pickled.Items items when seen.put(next, true) == null -> open.addAll(items.values());
                case Pickled.Entries entries
                when seen.put(next, true) == null ->
                    open.addAll(entries.values().values());
                default -> {}
            }
        }
    }

    /** Gives the bytes of a storage. */
    @FunctionalInterface
    interface Storages {
        MemorySegment bytes(String key) throws IOException;
    }

    /** Finds the tensors in what was unpickled. */
    private static final class Reading {
        private final Path file;
        private final boolean withData;
        private final ByteOrder order;
        private final Storages storages;
        private final CopyBudget budget;
        private final Map<String, MemorySegment> opened = new HashMap<>();
        private final Map<String, Stored> tensors = new LinkedHashMap<>();
        private final List<String> skipped = new ArrayList<>();
        private final Map<String, List<String>> unread = new LinkedHashMap<>();
        private final Map<String, List<String>> unknown = new LinkedHashMap<>();

        Reading(Path file, boolean withData, ByteOrder order, Storages storages) {
            this.file = file;
            this.withData = withData;
            this.order = order;
            this.storages = storages;
            this.budget = new CopyBudget(file);
        }

        TorchFile of(Pickled content) throws IOException {
            Pickled model = model(content);
            if (model instanceof Pickled.Unknown object) {
                throw new BadInputException(
                        file,
                        "format",
                        "holds an object of " + object.of() + ", a program of its own that is not run here; " + ADVICE);
            }
            flatten("", model, new IdentityHashMap<>(), 0);
            if (tensors.isEmpty() && unread.isEmpty()) {
                throw new BadInputException(
                        file,
                        "format",
                        "holds no tensor"
                                + (unknown.isEmpty()
                                        ? ""
                                        : ", but an object of "
                                                + unknown.keySet().iterator().next()
                                                + ", a program of its own that is not run here")
                                + "; " + ADVICE);
            }
            unread.forEach((why, names) -> skipped.add(names.size()
                    + (names.size() == 1 ? " tensor" : " tensors") + " skipped, " + why + ": " + names.getFirst()
                    + (names.size() > 1 ? ", …" : "")));
            unknown.forEach((of, names) -> skipped.add(names.size()
                    + (names.size() == 1 ? " object" : " objects") + " of " + of + " not read: "
                    + names.getFirst() + (names.size() > 1 ? ", …" : "")));
            return new TorchFile(tensors, skipped);
        }

        /** The part of a checkpoint that holds the model; the whole, if no part is one. */
        private Pickled model(Pickled content) {
            if (!(content instanceof Pickled.Entries entries)
                    || entries.values().values().stream().anyMatch(Pickled.TensorView.class::isInstance)) {
                return content;
            }
            for (String key : MODELS) {
                Pickled part = entries.values().get(key);
                if (part == null) {
                    continue;
                }
                Map<String, Pickled.Storage> held = new HashMap<>();
                collect(part, held, new IdentityHashMap<>());
                if (!held.isEmpty() || part instanceof Pickled.Unknown) {
                    List<String> others = entries.values().keySet().stream()
                            .filter(other -> !other.equals(key))
                            .toList();
                    if (!others.isEmpty()) {
                        skipped.add("a checkpoint: its '" + key + "' is read, " + others.size()
                                + (others.size() == 1 ? " other entry is" : " other entries are") + " not: "
                                + String.join(", ", others.subList(0, Math.min(others.size(), 5)))
                                + (others.size() > 5 ? ", …" : ""));
                    }
                    return part;
                }
            }
            return content;
        }

        private void flatten(String name, Pickled value, Map<Pickled, Boolean> within, int depth) throws IOException {
            if (depth > Shape.MAX_RANK) {
                throw new BadInputException(file, name, "lies more than " + Shape.MAX_RANK + " levels deep");
            }
            switch (value) {
                case Pickled.TensorView view -> add(name.isEmpty() ? "tensor" : name, view);
                case Pickled.Entries entries
                when within.put(value, true) == null -> {
                    for (Map.Entry<String, Pickled> entry : entries.values().entrySet()) {
                        flatten(joined(name, entry.getKey()), entry.getValue(), within, depth + 1);
                    }
                    within.remove(value);
                }
                case Pickled.Items items
                when within.put(value, true) == null -> {
                    for (int i = 0; i < items.values().size(); i++) {
                        flatten(
                                joined(name, Integer.toString(i)),
                                items.values().get(i),
                                within,
                                depth + 1);
                    }
                    within.remove(value);
                }
                case Pickled.Unknown object ->
                    unknown.computeIfAbsent(object.of(), k -> new ArrayList<>()).add(name);
                default -> {}
            }
        }

        private static String joined(String name, String key) {
            return name.isEmpty() ? key : key.isEmpty() ? name : name + "." + key;
        }

        private void add(String name, Pickled.TensorView view) throws IOException {
            DType dtype = DTYPES.get(view.dtype());
            if (dtype == null) {
                unread.computeIfAbsent(
                                "of type " + (view.dtype().isEmpty() ? "unknown" : view.dtype()),
                                k -> new ArrayList<>())
                        .add(name);
                return;
            }
            if (tensors.put(name, new Stored(dtype, view.shape(), data(name, view, dtype))) != null) {
                throw new BadInputException(file, name, "is there twice");
            }
            if (tensors.size() > MAX_TENSORS) {
                throw new BadInputException(file, "pickle", "holds more than " + MAX_TENSORS + " tensors");
            }
        }

        private TensorData data(String name, Pickled.TensorView view, DType dtype) throws IOException {
            long count = view.shape().count();
            MemorySegment values = opened.get(view.storage().key());
            if (values == null) {
                values = storages.bytes(view.storage().key());
                opened.put(view.storage().key(), values);
            }
            long last = count == 0 ? view.offset() - 1 : last(name, view);
            if (view.offset() < 0 || last >= values.byteSize() / dtype.bytes()) {
                throw new BadInputException(
                        file,
                        name,
                        view.shape() + " from element " + view.offset() + " on ends behind the "
                                + values.byteSize() / dtype.bytes() + " of its storage");
            }
            if (!withData) {
                return TensorData.unread(dtype, count);
            }
            int width = dtype.bytes();
            if (count == 0) {
                return new TensorData(dtype, values.asSlice(0, 0), order, 0);
            }
            if (isContiguous(view)) {
                return new TensorData(dtype, values.asSlice(view.offset() * width, count * width), order, count);
            }
            // The count may be larger than the storage, if an axis is repeated.
            if (count > Long.MAX_VALUE / width) {
                throw new BadInputException(file, name, view.shape() + " is too large");
            }
            budget.take(count * width, name);
            return new TensorData(dtype, gathered(view, values, width, count), order, count);
        }

        /** The place of the last element in the storage. */
        private long last(String name, Pickled.TensorView view) {
            long last = view.offset();
            for (int axis = 0; axis < view.shape().rank(); axis++) {
                long stride = view.strides().get(axis);
                try {
                    last = Math.addExact(last, Math.multiplyExact(view.shape().dim(axis) - 1, stride));
                } catch (ArithmeticException e) {
                    throw new BadInputException(file, name, "stride " + stride + " leads out of its storage", e);
                }
                if (stride < 0) {
                    throw new BadInputException(file, name, "stride " + stride + " is negative");
                }
            }
            return last;
        }

        private static boolean isContiguous(Pickled.TensorView view) {
            long stride = 1;
            for (int axis = view.shape().rank() - 1; axis >= 0; axis--) {
                if (view.shape().dim(axis) != 1 && view.strides().get(axis) != stride) {
                    return false;
                }
                stride *= view.shape().dim(axis);
            }
            return true;
        }

        /** The elements in row-major order. */
        private static MemorySegment gathered(Pickled.TensorView view, MemorySegment values, int width, long count) {
            MemorySegment out = Arena.ofAuto().allocate(count * width, 8);
            int rank = view.shape().rank();
            long[] index = new long[rank];
            long from = view.offset();
            for (long to = 0; to < count; to++) {
                MemorySegment.copy(values, from * width, out, to * width, width);
                for (int axis = rank - 1; axis >= 0; axis--) {
                    from += view.strides().get(axis);
                    if (++index[axis] < view.shape().dim(axis)) {
                        break;
                    }
                    from -= view.strides().get(axis) * view.shape().dim(axis);
                    index[axis] = 0;
                }
            }
            return out;
        }
    }
}
