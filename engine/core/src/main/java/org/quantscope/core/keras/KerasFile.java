package org.quantscope.core.keras;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.quantscope.core.hdf5.Hdf5Array;
import org.quantscope.core.hdf5.Hdf5File;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.io.ZipArchive;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorKind;

/**
 * The weights of a Keras model, each with its layer and its axis of output channels: HDF5 of Keras 2 and 3 with or without a
 * configuration ({@code .h5}, {@code .weights.h5}), and the archive of Keras 3 ({@code .keras}). Nothing of the configuration
 * is run.
 *
 * @param weights in the order of the file
 * @param notes what was left out or guessed, one sentence each
 */
public record KerasFile(List<Weight> weights, List<String> notes) {
    /** The longest configuration that is read, in bytes. */
    private static final long MAX_CONFIG = 16 << 20;

    private static final int MAX_DEPTH = 64;
    private static final String WEIGHTS = "model.weights.h5";

    public KerasFile {
        weights = List.copyOf(weights);
        notes = List.copyOf(notes);
    }

    /**
     * A stored array.
     *
     * @param name unique in the file: the weight's own name in Keras 2, layer and name in Keras 3
     * @param layer name of its layer
     * @param layerClass such as {@code Conv2D}; empty if it is not known
     * @param groups of a convolution, else 1
     * @param axis of the output channels; empty if it is no weight
     */
    public record Weight(
            String name,
            String layer,
            String layerClass,
            long groups,
            TensorKind kind,
            OptionalInt axis,
            DType dtype,
            Shape shape,
            TensorData data) {}

    /**
     * Reads HDF5.
     *
     * @param withData false reads no values
     * @throws BadInputException if it is damaged, holds no arrays or something unsupported
     * @throws IOException if it cannot be read at all
     */
    public static KerasFile readHdf5(Path file, boolean withData) throws IOException {
        Reading reading = new Reading(file, withData, new CopyBudget(file));
        Hdf5File.Node root = Hdf5File.read(MappedFile.map(file)).root();
        Optional<KerasLayer> config = Optional.empty();
        Optional<String> text =
                root.texts("model_config").flatMap(t -> t.stream().findFirst());
        if (text.isPresent()) {
            config = reading.config(text.get());
        }
        Hdf5File.Node weights =
                root.child("model_weights").filter(n -> !n.isArray()).orElse(root);
        List<String> layers = list(weights, "layer_names");
        if (!layers.isEmpty()) {
            reading.layers(weights, layers, config);
        } else {
            reading.tree(weights, config);
        }
        return reading.finished();
    }

    /** Reads the archive of Keras 3, as {@link #readHdf5}. */
    public static KerasFile readArchive(Path file, boolean withData) throws IOException {
        return ZipArchive.open(file, zip -> {
            ZipArchive.Member weights = zip.members().get(WEIGHTS);
            if (weights == null) {
                throw new BadInputException(
                        file,
                        "zip",
                        "is an archive of Keras without " + WEIGHTS + ": weights in several files are not read");
            }
            Reading reading = new Reading(file, withData, zip.budget());
            ZipArchive.Member described = zip.members().get("config.json");
            Optional<KerasLayer> config = Optional.empty();
            if (described != null && described.size() <= MAX_CONFIG) {
                byte[] text = zip.content(described).toArray(ValueLayout.JAVA_BYTE);
                config = reading.config(new String(text, StandardCharsets.UTF_8));
            }
            reading.tree(
                    Hdf5File.read(new MappedFile(file, zip.content(weights))).root(), config);
            return reading.finished();
        });
    }

    /** A list of texts; a long one is kept in parts NAME0, NAME1 … */
    private static List<String> list(Hdf5File.Node node, String name) {
        Optional<List<String>> whole = node.texts(name);
        if (whole.isPresent()) {
            return whole.get();
        }
        List<String> all = new ArrayList<>();
        for (int i = 0; ; i++) {
            Optional<List<String>> part = node.texts(name + i);
            if (part.isEmpty()) {
                return all;
            }
            all.addAll(part.get());
        }
    }

    private static final class Reading {
        private final Path file;
        private final boolean withData;
        private final CopyBudget budget;
        private final List<Weight> weights = new ArrayList<>();
        private final Set<String> names = new HashSet<>();
        private final Set<Long> seen = new HashSet<>();
        private final List<String> notes = new ArrayList<>();
        private final Map<String, List<String>> unread = new LinkedHashMap<>();
        private int guessed;
        private int optimizer;
        private boolean known;

        Reading(Path file, boolean withData, CopyBudget budget) {
            this.file = file;
            this.withData = withData;
            this.budget = budget;
        }

        Optional<KerasLayer> config(String text) throws IOException {
            try {
                KerasLayer read = KerasLayer.read(file, text);
                known = true;
                return Optional.of(read);
            } catch (BadInputException e) {
                notes.add("the configuration of the model is not read, and its layers are told by their names: "
                        + e.getMessage());
                return Optional.empty();
            }
        }

        KerasFile finished() {
            if (weights.isEmpty() && unread.isEmpty()) {
                throw new BadInputException(file, "hdf5", "holds no arrays of weights");
            }
            if (optimizer > 0) {
                notes.add(optimizer + (optimizer == 1 ? " array" : " arrays")
                        + " of the optimizer left out, which belong to training");
            }
            if (guessed > 0) {
                notes.add("the axis of the output channels of " + guessed + (guessed == 1 ? " weight" : " weights")
                        + " is a guess: "
                        + (known
                                ? "their layers are of no class that Keras has"
                                : "the file does not say what its layers are")
                        + ", and the last axis holds them nearly everywhere in Keras");
            }
            unread.forEach((why, of) -> notes.add(of.size() + (of.size() == 1 ? " array" : " arrays") + " of " + why
                    + " skipped: " + of.getFirst() + (of.size() > 1 ? ", …" : "")));
            return new KerasFile(weights, notes);
        }

        /** The form of Keras 2: a group for each layer, which lists the names of its weights. */
        void layers(Hdf5File.Node root, List<String> layers, Optional<KerasLayer> config) {
            for (String layer : layers) {
                Hdf5File.Node group = root.child(layer)
                        .filter(g -> !g.isArray())
                        .orElseThrow(() -> new BadInputException(file, layer, "a layer is listed that has no group"));
                Optional<KerasLayer> of = config.flatMap(c -> c.find(layer));
                for (String name : list(group, "weight_names")) {
                    Hdf5File.Node array = group.find(name)
                            .filter(Hdf5File.Node::isArray)
                            .orElseThrow(() -> new BadInputException(
                                    file, name, "a weight is listed that the group of layer " + layer + " has not"));
                    String[] parts = name.split("/", -1);
                    String leaf = parts[parts.length - 1].replaceFirst(":\\d+$", "");
                    KerasLayer owner = owner(of, parts, layer);
                    String unique = name.contains("/") && !names.contains(name) ? name : layer + "/" + name;
                    String inner = owner.name().isEmpty() ? layer : owner.name();
                    add(array, unique, inner, owner, leaf);
                }
            }
        }

        /** The layer that a weight belongs to: the innermost one that a part of its name names, or the layer of its group. */
        private static KerasLayer owner(Optional<KerasLayer> group, String[] parts, String layer) {
            if (group.isEmpty()) {
                return guess(layer);
            }
            for (int i = parts.length - 2; i >= 0; i--) {
                Optional<KerasLayer> found = group.get().find(parts[i]);
                if (found.isPresent() && found.get().inner().isEmpty()) {
                    return found.get();
                }
            }
            KerasLayer of = group.get();
            // What wraps one layer has its weights.
            for (int depth = 0; depth < MAX_DEPTH && !of.inner().isEmpty(); depth++) {
                of = of.inner().values().iterator().next();
            }
            return of;
        }

        /** The form of Keras 3: nested groups named by class or attribute, with {@code vars} in which weights are numbered. */
        void tree(Hdf5File.Node root, Optional<KerasLayer> config) {
            node(root, "", "", config, 0);
        }

        private void node(Hdf5File.Node node, String path, String layer, Optional<KerasLayer> config, int depth) {
            if (depth > MAX_DEPTH) {
                throw new BadInputException(file, path, "is nested deeper than " + MAX_DEPTH + " groups");
            }
            if (!seen.add(node.address())) {
                return;
            }
            for (String name : node.names()) {
                Hdf5File.Node child = node.child(name).orElseThrow();
                String inner = path.isEmpty() ? name : path + "/" + name;
                if (child.isArray()) {
                    add(child, unique(inner), path, guess(path), name);
                } else if (depth == 0 && (name.equals("optimizer") || name.equals("optimizer_weights"))) {
                    optimizer += arrays(child, 0);
                } else if (name.equals("vars")) {
                    variables(child, path, layer, config.orElseGet(() -> guess(path)));
                } else if (name.equals("layers") || name.equals("_layer_checkpoint_dependencies")) {
                    container(child, inner, layer, config, depth + 1);
                } else {
                    Optional<KerasLayer> of = config.map(c -> attribute(c, name));
                    node(child, inner, layer.isEmpty() ? name : layer + "/" + name, of, depth + 1);
                }
            }
        }

        private int arrays(Hdf5File.Node node, int depth) {
            if (node.isArray()) {
                return 1;
            }
            int count = 0;
            for (String name : depth > MAX_DEPTH || !seen.add(node.address()) ? List.<String>of() : node.names()) {
                count += arrays(node.child(name).orElseThrow(), depth + 1);
            }
            return count;
        }

        /** The layers of a model: groups are named by class, numbered among equal ones in the order of the configuration. */
        private void container(Hdf5File.Node node, String path, String layer, Optional<KerasLayer> config, int depth) {
            if (!seen.add(node.address())) {
                return;
            }
            Map<String, KerasLayer> byGroup = new HashMap<>();
            Map<String, Integer> used = new HashMap<>();
            for (KerasLayer of : config.map(KerasLayer::layers).orElse(List.of())) {
                String snake = snake(of.className());
                int number = used.merge(snake, 1, Integer::sum) - 1;
                byGroup.put(number == 0 ? snake : snake + "_" + number, of);
            }
            List<String> groups = new ArrayList<>(node.names());
            List<String> order = new ArrayList<>(byGroup.keySet());
            // Groups lie in the order of their names' characters; 10 layers are to be in the order of the model.
            List<KerasLayer> inModel = config.map(KerasLayer::layers).orElse(List.of());
            groups.sort(
                    Comparator.comparingInt((String g) -> order.contains(g) ? inModel.indexOf(byGroup.get(g)) : -1));
            for (String name : groups) {
                Hdf5File.Node child = node.child(name).orElseThrow();
                Optional<KerasLayer> of = Optional.ofNullable(byGroup.get(name));
                String called =
                        of.map(KerasLayer::name).filter(n -> !n.isEmpty()).orElse(name);
                if (child.isArray()) {
                    add(child, unique(path + "/" + name), path, guess(path), name);
                } else {
                    node(child, path + "/" + name, layer.isEmpty() ? called : layer + "/" + called, of, depth);
                }
            }
        }

        /** What a layer holds as an attribute: a wrapped layer, the cell of a recurrent one, or a part that is not described. */
        private static KerasLayer attribute(KerasLayer of, String name) {
            KerasLayer wrapped = of.inner().get(name);
            if (wrapped != null) {
                return wrapped;
            }
            if (name.equals("forward_layer") || name.equals("backward_layer")) {
                KerasLayer both = of.inner().get("layer");
                return both == null ? guess(name) : both;
            }
            return name.equals("cell")
                    ? new KerasLayer(of.className() + "Cell", "", of.options(), List.of(), Map.of())
                    : guess(name);
        }

        private void variables(Hdf5File.Node vars, String path, String layer, KerasLayer of) {
            if (!seen.add(vars.address())) {
                return;
            }
            List<String> numbers = vars.names().stream()
                    .sorted(Comparator.comparingInt(String::length).thenComparing(Comparator.naturalOrder()))
                    .toList();
            List<String> leaves = leaves(of, numbers.size());
            for (int i = 0; i < numbers.size(); i++) {
                String number = numbers.get(i);
                Hdf5File.Node array = vars.child(number).orElseThrow();
                if (!array.isArray()) {
                    continue;
                }
                boolean named = leaves.size() == numbers.size() && number.equals(String.valueOf(i));
                String leaf = named ? leaves.get(i) : "vars/" + number;
                String called = layer.isEmpty() ? path : layer;
                add(array, unique((called.isEmpty() ? "" : called + "/") + leaf), called, of, named ? leaf : "");
            }
        }

        private String unique(String name) {
            String unique = name;
            for (int i = 2; names.contains(unique); i++) {
                unique = name + ":" + i;
            }
            return unique;
        }

        private void add(Hdf5File.Node node, String name, String layer, KerasLayer of, String leaf) {
            Hdf5Array array = node.array(name);
            if (!names.add(name)) {
                throw new BadInputException(file, name, "is the name of two weights");
            }
            DType dtype = array.dtype().orElse(null);
            boolean named = node.texts("dtype")
                    .filter(t -> t.equals(List.of("bfloat16")))
                    .isPresent();
            if (named && array.elementBytes() == 2) {
                dtype = DType.BF16;
            }
            if (dtype == null) {
                unread.computeIfAbsent(array.said(), k -> new ArrayList<>()).add(name);
                return;
            }
            KerasRole role = KerasRole.of(of, leaf, array.shape(), dtype.isFloating());
            guessed += role.guessed() ? 1 : 0;
            weights.add(new Weight(
                    name,
                    layer.isEmpty() ? name : layer,
                    of.className(),
                    Math.max(1, of.number("groups", 1)),
                    role.kind(),
                    role.axis(),
                    dtype,
                    array.shape(),
                    withData
                            ? array.values(dtype, budget)
                            : TensorData.unread(dtype, array.shape().count())));
        }
    }

    /** The class that a group or layer without a description is named after, as Keras names them by default. */
    private static KerasLayer guess(String path) {
        String[] parts = path.split("/", -1);
        for (int i = parts.length - 1; i >= 0; i--) {
            String snake = parts[i].replaceFirst("_\\d+$", "");
            for (String type : Classes.KNOWN) {
                if (snake(type).equals(snake)) {
                    return KerasLayer.ofClass(type);
                }
            }
        }
        return KerasLayer.ofClass("");
    }

    /** The name that Keras makes of a class (keras/src/utils/naming.py). */
    static String snake(String className) {
        return className
                .replaceAll("\\W+", "")
                .replaceAll("(.)([A-Z][a-z]+)", "$1_$2")
                .replaceAll("([a-z])([A-Z])", "$1_$2")
                .toLowerCase(Locale.ROOT);
    }

    /** The names of a layer's weights in the order in which Keras 3 numbers them; empty if the class is not known. */
    private static List<String> leaves(KerasLayer of, int count) {
        List<String> leaves = new ArrayList<>();
        String type = of.className();
        if (type.startsWith("SeparableConv")) {
            leaves.addAll(List.of("depthwise_kernel", "pointwise_kernel", "bias"));
        } else if (type.equals("Embedding")) {
            leaves.add("embeddings");
            if (count == 2) {
                leaves.add("embeddings_scale");
            }
        } else if (type.endsWith("Cell")) {
            leaves.addAll(List.of("kernel", "recurrent_kernel", "bias"));
        } else if (type.endsWith("Normalization")) {
            if (of.is("scale")) {
                leaves.add("gamma");
            }
            if (of.is("center")) {
                leaves.add("beta");
            }
            if (type.equals("BatchNormalization")) {
                leaves.addAll(List.of("moving_mean", "moving_variance"));
            }
        } else if (type.equals("PReLU")) {
            leaves.add("alpha");
        } else if (type.endsWith("Dense") || type.contains("Conv")) {
            leaves.add("kernel");
            boolean scaled = type.endsWith("Dense") && (count == 3 || (count == 2 && !of.is("use_bias")));
            if (of.is("use_bias")) {
                leaves.add("bias");
            }
            if (scaled) {
                leaves.add("kernel_scale");
            }
        }
        // Without its bias a layer has one less.
        return leaves.size() > count && leaves.getLast().equals("bias") ? leaves.subList(0, count) : leaves;
    }

    private static final class Classes {
        static final List<String> KNOWN = List.of(
                "Dense",
                "EinsumDense",
                "Conv1D",
                "Conv2D",
                "Conv3D",
                "Conv1DTranspose",
                "Conv2DTranspose",
                "Conv3DTranspose",
                "DepthwiseConv1D",
                "DepthwiseConv2D",
                "SeparableConv1D",
                "SeparableConv2D",
                "Embedding",
                "BatchNormalization",
                "LayerNormalization",
                "GroupNormalization",
                "UnitNormalization",
                "PReLU",
                "SimpleRNN",
                "SimpleRNNCell",
                "LSTM",
                "LSTMCell",
                "GRU",
                "GRUCell",
                "ConvLSTM2D",
                "ConvLSTM2DCell");

        private Classes() {}
    }
}
