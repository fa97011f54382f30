package org.quantscope.core.loader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CompanionFile;
import org.quantscope.core.json.Utf8Json;
import org.quantscope.core.model.Model;
import org.quantscope.core.safetensors.SafetensorsFile;
import org.quantscope.core.tensor.Tensor;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Reads safetensors: one file, or the {@code *.index.json} that names its shards. There is no graph, so the operators
 * that read a tensor are unknown.
 */
public final class SafetensorsLoader implements ModelLoader {
    @Override
    public String id() {
        return "safetensors";
    }

    @Override
    public String title() {
        return "safetensors";
    }

    @Override
    public String source() {
        return "https://huggingface.co/docs/safetensors/index#format";
    }

    @Override
    public boolean matches(byte[] head, long fileBytes) {
        return isFile(head) || isIndex(head);
    }

    /**
     * True if the file begins with a length and a JSON object. An impossible length still matches, because it means a
     * damaged file.
     */
    private static boolean isFile(byte[] head) {
        int brace = SafetensorsFile.LENGTH_BYTES;
        if (head.length < brace + 2 || head[brace] != '{' || "\"} \t\r\n".indexOf(head[brace + 1]) < 0) {
            return false;
        }
        long length = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        return (length >= 0 && length <= SafetensorsFile.MAX_HEADER) || head[0] != '{';
    }

    private static boolean isIndex(byte[] head) {
        String text = new String(head, StandardCharsets.ISO_8859_1);
        return text.stripLeading().startsWith("{") && text.contains("\"weight_map\"");
    }

    @Override
    public Model load(Path file, boolean withData) throws IOException {
        byte[] head;
        try (var in = Files.newInputStream(file)) {
            head = in.readNBytes(4096);
        }
        if (!isFile(head) && isIndex(head)) {
            return sharded(file, withData);
        }
        SafetensorsFile content = SafetensorsFile.read(file, withData);
        return model(file, content.tensors(), notes(content.skipped()));
    }

    @Override
    public SortedMap<String, Path> companions(Path file) throws IOException {
        SortedMap<String, Path> shards = new TreeMap<>();
        byte[] head;
        try (var in = Files.newInputStream(file)) {
            head = in.readNBytes(4096);
        }
        if (!isFile(head) && isIndex(head)) {
            for (String shard : new LinkedHashSet<>(weightMap(file).values())) {
                shards.put(shard, shard(file, shard));
            }
        }
        return shards;
    }

    private static Path shard(Path index, String name) throws IOException {
        Path relative = CompanionFile.relative(index, "weight_map", name);
        if (relative.getNameCount() != 1) {
            throw new BadInputException(index, "weight_map", "'" + name + "' is not beside the index");
        }
        return CompanionFile.resolve(index, "weight_map", relative);
    }

    private Model sharded(Path index, boolean withData) throws IOException {
        Map<String, String> places = weightMap(index);
        Map<String, Map<String, Tensor>> shards = new HashMap<>();
        List<SafetensorsFile.Skipped> skipped = new ArrayList<>();
        Set<String> unlisted = new TreeSet<>();
        for (String shard : new LinkedHashSet<>(places.values())) {
            SafetensorsFile content = SafetensorsFile.read(shard(index, shard), withData);
            Map<String, Tensor> byName = new HashMap<>();
            content.tensors().forEach(t -> byName.put(t.id().name(), t));
            shards.put(shard, byName);
            skipped.addAll(content.skipped());
            byName.keySet().stream().filter(name -> !places.containsKey(name)).forEach(unlisted::add);
        }
        Set<String> unread = skipped.stream().map(SafetensorsFile.Skipped::name).collect(Collectors.toSet());
        List<Tensor> tensors = new ArrayList<>();
        places.forEach((name, shard) -> {
            Tensor tensor = shards.getOrDefault(shard, Map.of()).get(name);
            if (tensor != null) {
                tensors.add(tensor);
            } else if (!unread.contains(name)) {
                throw new BadInputException(index, name, "is not in '" + shard + "', where weight_map puts it");
            }
        });
        List<String> notes = new ArrayList<>(notes(skipped));
        if (!unlisted.isEmpty()) {
            notes.add("in the shards but not in the index, left out: " + unlisted.size() + ", "
                    + unlisted.iterator().next() + (unlisted.size() > 1 ? ", …" : ""));
        }
        return model(index, tensors, notes);
    }

    private Model model(Path file, List<Tensor> tensors, List<String> notes) {
        PackedWeights packed = PackedWeights.of(tensors);
        List<String> all = new ArrayList<>(notes);
        packed.note().ifPresent(all::add);
        return new Model(file, id(), OptionalInt.empty(), packed.tensors(), Optional.empty(), all);
    }

    private static List<String> notes(List<SafetensorsFile.Skipped> skipped) {
        return skipped.stream()
                .map(SafetensorsFile.Skipped::dtype)
                .distinct()
                .sorted()
                .map(dtype -> {
                    List<String> names = skipped.stream()
                            .filter(s -> s.dtype().equals(dtype))
                            .map(SafetensorsFile.Skipped::name)
                            .toList();
                    return names.size() + (names.size() == 1 ? " tensor" : " tensors") + " of type " + dtype
                            + " skipped: " + names.getFirst() + (names.size() > 1 ? ", …" : "");
                })
                .toList();
    }

    /** Maps tensor names to file names, in the order of the index. */
    private static Map<String, String> weightMap(Path index) throws IOException {
        long size = Files.size(index);
        if (size > SafetensorsFile.MAX_HEADER) {
            throw new BadInputException(
                    index, "file", "has " + size + " bytes, an index has at most " + SafetensorsFile.MAX_HEADER);
        }
        Map<String, String> places = new LinkedHashMap<>();
        boolean found = false;
        try (JsonParser in = Utf8Json.parser(Files.readAllBytes(index))) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new BadInputException(index, "index", "is not a JSON object");
            }
            for (String key = in.nextName(); key != null; key = in.nextName()) {
                JsonToken value = in.nextToken();
                if (!key.equals("weight_map")) {
                    in.skipChildren();
                    continue;
                }
                if (value != JsonToken.START_OBJECT) {
                    throw new BadInputException(index, "weight_map", "is no object");
                }
                found = true;
                for (String name = in.nextName(); name != null; name = in.nextName()) {
                    if (in.nextToken() != JsonToken.VALUE_STRING || name.isEmpty()) {
                        throw new BadInputException(index, "weight_map", "the file of '" + name + "' is no text");
                    }
                    places.put(name, in.getString());
                    if (places.size() > SafetensorsFile.MAX_TENSORS) {
                        throw new BadInputException(
                                index, "weight_map", "lists more than " + SafetensorsFile.MAX_TENSORS + " tensors");
                    }
                }
            }
            if (in.nextToken() != null) {
                throw new BadInputException(index, "index", "goes on after its object");
            }
        } catch (JacksonException e) {
            throw new BadInputException(
                    index, "index", "is not a UTF-8 JSON object with distinct keys: " + e.getOriginalMessage(), e);
        }
        if (!found) {
            throw new BadInputException(index, "weight_map", "is missing");
        }
        return places;
    }
}
