package org.quantscope.core.loader;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.gguf.GgmlType;
import org.quantscope.core.gguf.GgufFile;
import org.quantscope.core.gguf.GgufValue;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CompanionFile;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.BlockFormat;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Reads GGUF: one file, or all parts of a split model, whichever part is opened. There is no graph, so the operators that
 * read a tensor are unknown; the first axis of a matrix is that of its outputs.
 */
public final class GgufLoader implements ModelLoader {
    /** The name that llama.cpp gives to part I of N. */
    private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

    private static final int MAX_PARTS = 10_000;

    @Override
    public String id() {
        return "gguf";
    }

    @Override
    public String title() {
        return "GGUF";
    }

    @Override
    public String source() {
        return "https://github.com/ggml-org/ggml/blob/master/docs/gguf.md";
    }

    @Override
    public boolean matches(byte[] head, long fileBytes) {
        return GgufFile.matches(head);
    }

    @Override
    public SortedMap<String, Path> companions(Path file) throws IOException {
        SortedMap<String, Path> others = new TreeMap<>();
        for (Map.Entry<String, Path> part :
                parts(file, GgufFile.read(file, false)).entrySet()) {
            if (!part.getKey().equals(file.getFileName().toString())) {
                others.put(part.getKey(), part.getValue());
            }
        }
        return others;
    }

    @Override
    public Model load(Path file, boolean withData) throws IOException {
        GgufFile opened = GgufFile.read(file, withData);
        List<GgufFile> parts = new ArrayList<>();
        Map<String, Path> files = parts(file, opened);
        for (Map.Entry<String, Path> part : files.entrySet()) {
            parts.add(
                    part.getKey().equals(file.getFileName().toString())
                            ? opened
                            : GgufFile.read(part.getValue(), withData));
        }
        Map<String, GgufFile.Entry> entries = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        for (GgufFile part : parts) {
            part.metadata().forEach((key, value) -> metadata.putIfAbsent(key, value.text()));
            for (GgufFile.Entry entry : part.tensors()) {
                if (entries.put(entry.name(), entry) != null) {
                    throw new BadInputException(file, entry.name(), "is in two parts of the model");
                }
            }
        }
        checkTotal(file, opened, entries.size());
        List<String> notes = new ArrayList<>();
        if (files.size() > 1) {
            notes.add("a model in " + files.size() + " parts, read as one");
        }
        stored(entries).ifPresent(notes::add);
        skipped(entries).ifPresent(notes::add);
        unscaled(entries).ifPresent(notes::add);
        long unused = parts.stream().mapToLong(GgufFile::unused).sum();
        if (unused > 0) {
            notes.add(unused + " bytes of the file belong to no tensor");
        }
        return new Model(file, id(), OptionalInt.empty(), tensors(entries), Optional.empty(), notes)
                .withMetadata(metadata);
    }

    /** The files of all parts by name, in their order; the file alone if it is whole. */
    private static Map<String, Path> parts(Path file, GgufFile opened) throws IOException {
        String name = file.getFileName().toString();
        long count = number(opened, "split.count").orElse(0);
        if (count <= 1) {
            return Map.of(name, file);
        }
        Matcher named = PART.matcher(name);
        if (count > MAX_PARTS || !named.matches() || Integer.parseInt(named.group(3)) != count) {
            throw new BadInputException(
                    file,
                    "split.count",
                    "says that this is one of " + count + " parts, and parts are named NAME-00001-of-"
                            + String.format(Locale.ROOT, "%05d", Math.min(count, 99_999)) + ".gguf");
        }
        Map<String, Path> parts = new LinkedHashMap<>();
        for (int i = 1; i <= count; i++) {
            String part = String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", named.group(1), i, count);
            Path beside = file.resolveSibling(part);
            parts.put(
                    part, part.equals(name) ? file : CompanionFile.resolve(file, "split.count", beside.getFileName()));
        }
        return parts;
    }

    private static void checkTotal(Path file, GgufFile opened, int read) {
        number(opened, "split.tensors.count").ifPresent(count -> {
            if (count != read) {
                throw new BadInputException(
                        file, "split.tensors.count", count + " tensors are announced, the parts hold " + read);
            }
        });
    }

    private static OptionalLong number(GgufFile file, String key) {
        GgufValue value = file.metadata().get(key);
        return value == null ? OptionalLong.empty() : value.integer();
    }

    private static List<Tensor> tensors(Map<String, GgufFile.Entry> entries) {
        Set<String> scales = entries.values().stream()
                .filter(e -> e.type() == GgmlType.NVFP4)
                .flatMap(e -> scaleOf(e.name(), entries).stream())
                .collect(Collectors.toSet());
        List<Tensor> tensors = new ArrayList<>();
        for (GgufFile.Entry e : entries.values()) {
            e.data().ifPresent(data -> tensors.add(tensor(e, data, entries, scales.contains(e.name()))));
        }
        return tensors;
    }

    private static Tensor tensor(
            GgufFile.Entry e, TensorData data, Map<String, GgufFile.Entry> entries, boolean isScale) {
        TensorInfo info = TensorInfo.withoutGraph(new TensorId(e.name()), data.dtype(), e.shape());
        if (isScale) {
            return new Tensor(
                    new TensorInfo(
                            info.id(),
                            TensorKind.CONSTANT,
                            info.dtype(),
                            info.shape(),
                            info.channelAxis(),
                            info.consumers()),
                    data);
        }
        if (e.type() != GgmlType.NVFP4 || !data.isRead()) {
            return new Tensor(info, data);
        }
        float factor = scaleOf(e.name(), entries)
                .map(entries::get)
                .filter(GgufLoader::isSingle)
                .flatMap(GgufFile.Entry::data)
                .map(scale -> scale.toFloats()[0])
                .orElse(1f);
        BlockFormat format = data.format().orElseThrow();
        return new Tensor(info, TensorData.coded(format, data.stored(), factor, data.count()));
    }

    /** The tensor that holds the scale of a whole NVFP4 tensor: one float32 beside it. */
    private static Optional<String> scaleOf(String weight, Map<String, GgufFile.Entry> entries) {
        String layer = weight.endsWith(".weight") ? weight.substring(0, weight.length() - ".weight".length()) : weight;
        return Stream.of(layer + ".scale", weight + ".scale")
                .filter(entries::containsKey)
                .findFirst();
    }

    private static boolean isSingle(GgufFile.Entry scale) {
        return scale.type() == GgmlType.F32 && scale.shape().count() == 1;
    }

    /** NVFP4 tensors whose own scale is there, but is not one number, so that it is not applied. */
    private static Optional<String> unscaled(Map<String, GgufFile.Entry> entries) {
        List<String> names = entries.values().stream()
                .filter(e -> e.type() == GgmlType.NVFP4)
                .flatMap(e -> scaleOf(e.name(), entries).stream())
                .filter(name -> !isSingle(Objects.requireNonNull(entries.get(name))))
                .toList();
        return names.isEmpty()
                ? Optional.empty()
                : Optional.of("the values of " + names.size() + (names.size() == 1 ? " tensor" : " tensors")
                        + " of type NVFP4 are shown without the scale of the whole tensor, because it is not one"
                        + " float32: " + names.getFirst() + (names.size() > 1 ? ", …" : ""));
    }

    /** What the tensors are stored as, for a person. */
    private static Optional<String> stored(Map<String, GgufFile.Entry> entries) {
        Map<GgmlType, Integer> coded = new EnumMap<>(GgmlType.class);
        entries.values().stream()
                .filter(e -> e.type().format().isPresent())
                .forEach(e -> coded.merge(e.type(), 1, Integer::sum));
        if (coded.isEmpty()) {
            return Optional.empty();
        }
        int all = coded.values().stream().mapToInt(Integer::intValue).sum();
        return Optional.of(
                "already quantized: " + all + (all == 1 ? " tensor is" : " tensors are") + " stored in blocks ("
                        + coded.entrySet().stream()
                                .map(c -> c.getValue() + " " + c.getKey() + " of "
                                        + c.getKey().bitsPerWeight() + " bits a weight")
                                .collect(Collectors.joining(", "))
                        + "). What is shown are the values that the blocks decode to; a setting quantizes these again");
    }

    private static Optional<String> skipped(Map<String, GgufFile.Entry> entries) {
        Map<GgmlType, List<String>> unread = entries.values().stream()
                .filter(e -> !e.type().isRead())
                .collect(Collectors.groupingBy(
                        GgufFile.Entry::type,
                        () -> new EnumMap<>(GgmlType.class),
                        Collectors.mapping(GgufFile.Entry::name, Collectors.toList())));
        if (unread.isEmpty()) {
            return Optional.empty();
        }
        int all = unread.values().stream().mapToInt(List::size).sum();
        return Optional.of(all + (all == 1 ? " tensor is" : " tensors are") + " not decoded, because the levels of "
                + (unread.size() == 1 ? "its type" : "these types") + " are tables of another project: "
                + unread.entrySet().stream()
                        .map(u -> u.getValue().size() + " " + u.getKey() + " ("
                                + u.getValue().getFirst() + (u.getValue().size() > 1 ? ", …" : "") + ")")
                        .collect(Collectors.joining(", ")));
    }
}
