package org.quantscope.core.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.quantscope.core.convert.LiteGraph;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.PrettyJson;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tflite.TfliteFile;
import tools.jackson.core.JsonGenerator;

/**
 * Three files: a recipe for ai-edge-quantizer, which turns a float LiteRT model into a quantized one; a calibration
 * result, which it takes in place of a calibration run; and a script that applies both.
 *
 * <p>The recipe has an entry for each operator with a quantized tensor, chosen by the name of its output; a later entry
 * overrides an earlier one, and the first keeps everything float. The recipe holds widths and granularity. The
 * calibration result holds the ranges of activations, as the values of the lowest and highest code of the type, exact
 * in double, from which the quantizer computes the same scale and zero point again. Ranges of weights it takes from the
 * weights themselves, with codes from −127 to 127.
 */
public final class LitertExporter extends FileFormat {
    public static final String ID = "litert";
    public static final String SOURCE = "https://github.com/google-ai-edge/ai-edge-quantizer";
    /** The end of the calibration result's file name, which begins with the name of the recipe. */
    public static final String CALIBRATION = ".calibration.json";

    private static final String LOADER = ".py";

    private static final Target TARGET = new Target(
            ID,
            "LiteRT",
            TargetSupport.affine(4, 8)
                    .andPerChannel()
                    .andBlocks(32, 64, 128, 256)
                    .with(TargetSupport.Zero.ZERO)
                    .with(TargetSupport.Codes.SIGNED),
            TargetSupport.affine(8, 16).withWholeType());
    private static final Map<String, String> ALGORITHMS =
            Map.of("minmax", "min_max_uniform_quantize", "mse", "MSE", "octav", "OCTAV");

    public LitertExporter() {
        super(
                ID,
                "LiteRT (TensorFlow Lite) quantizer recipe",
                SOURCE,
                ".json",
                EnumSet.of(Field.WEIGHTS, Field.SIGN, Field.CODES, Field.CHOICE));
    }

    @Override
    public List<String> parts() {
        return List.of(CALIBRATION, LOADER);
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        List<ExportProblem> problems = new ArrayList<>();
        if (plan.model().graph().isEmpty()) {
            return List.of(new ExportProblem(
                    ID,
                    "",
                    "the model is bare weights without a graph, a recipe is by operators",
                    "open the ONNX model",
                    Severity.ERROR));
        }
        for (ExportProblem p : TARGET.problems(plan)) {
            // LiteRT does not use the one code of 16 bits that is left out here either.
            boolean ends = p.severity() == Severity.WARNING
                    && find(plan, p.tensor())
                            .filter(e -> e.bits() == Short.SIZE)
                            .isPresent();
            if (!ends) {
                problems.add(p);
            }
        }
        for (Encoding e : TARGET.carried(plan)) {
            if (e.isActivation() && !isCarried(e)) {
                problems.add(new ExportProblem(
                        ID,
                        e.id().name(),
                        "it has 16 bits and the zero point " + e.params().zeroPoint(0)
                                + ", LiteRT takes 16 bits only symmetric with signed codes",
                        "make it symmetric with signed codes",
                        Severity.ERROR,
                        Remedy.symmetric(e)));
            } else if (!e.isActivation()) {
                weight(e, problems);
            }
        }
        List<Encoding> carried = carried(plan);
        problems.addAll(IntegerLayer.overflows(ID, plan, carried));
        widths(plan, IntegerLayer.byId(carried), problems);
        return problems;
    }

    private static void weight(Encoding e, List<ExportProblem> problems) {
        if (e.usesWholeType()) {
            problems.add(new ExportProblem(
                    ID,
                    e.id().name(),
                    "its codes begin at " + e.params().qmin() + ", those of LiteRT weights at "
                            + (e.params().qmin() + 1),
                    "choose the restricted range",
                    Severity.WARNING,
                    Remedy.restricted(e)));
        }
        boolean chosen = e.spec().clip() instanceof Clip.Auto auto
                && ALGORITHMS.containsKey(auto.calibratorId())
                && auto.options().isEmpty();
        if (!chosen) {
            problems.add(new ExportProblem(
                    ID,
                    e.id().name(),
                    "its range is set otherwise than LiteRT can: it looks for that of a weight itself, by least and"
                            + " largest value, MSE or OCTAV",
                    "choose one of these calibrators, or accept another range",
                    Severity.WARNING,
                    Remedy.calibrator(e, "minmax")));
        }
        if (e.axis().isPresent()
                && e.blockSize().isEmpty()
                && e.axis().getAsInt() != e.info().defaultAxis()) {
            problems.add(new ExportProblem(
                    ID,
                    e.id().name(),
                    "its scales lie along axis " + e.axis().getAsInt() + ", LiteRT takes the output channel",
                    "quantize it per channel",
                    Severity.WARNING,
                    Remedy.perChannel(e)));
        }
    }

    /** Adds the problems of operators whose activations differ in width: an operator has one width for all of them. */
    private static void widths(ExportPlan plan, Map<TensorId, Encoding> carried, List<ExportProblem> problems) {
        OnnxGraph graph = plan.model().graph().orElseThrow();
        for (OnnxNode node : graph.nodes()) {
            Optional<Encoding> out = activation(graph, carried, node.outputs().getFirst());
            for (String input : node.inputs()) {
                Encoding in = activation(graph, carried, input).orElse(null);
                if (in != null && out.isPresent() && in.bits() != out.get().bits()) {
                    problems.add(new ExportProblem(
                            ID,
                            in.id().name(),
                            "it has " + in.bits() + " bits, the output of " + node + " has "
                                    + out.get().bits() + ": LiteRT gives an operator one width",
                            "choose " + out.get().bits() + " bits",
                            Severity.WARNING,
                            Remedy.bits(in, out.get().bits())));
                }
            }
        }
    }

    private static Optional<Encoding> find(ExportPlan plan, String name) {
        return plan.encodings().stream().filter(e -> e.id().name().equals(name)).findFirst();
    }

    private static boolean isCarried(Encoding e) {
        return !e.isActivation() || e.bits() == Byte.SIZE || (e.isSigned() && e.isZeroPointZero());
    }

    private static List<Encoding> carried(ExportPlan plan) {
        return TARGET.carried(plan).stream().filter(LitertExporter::isCarried).toList();
    }

    private static Optional<Encoding> activation(OnnxGraph graph, Map<TensorId, Encoding> carried, String value) {
        return graph.placement().parametersOf(new TensorId(value)).map(carried::get);
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        List<Encoding> carried = carried(plan);
        Path calibration = file.resolveSibling(file.getFileName() + CALIBRATION);
        Path loader = file.resolveSibling(file.getFileName() + LOADER);
        Predicate<String> known = known(plan);
        PrettyJson.write(file, json -> recipe(json, plan, carried, known, cancel));
        PrettyJson.write(calibration, json -> calibration(json, carried, cancel));
        Files.writeString(
                loader,
                "# Written by Quantscope " + ProvenanceText.version(plan) + " for the model with SHA-256 "
                        + ProvenanceText.modelSha256(plan) + ".\n" + ProvenanceText.comments(plan, "# ") + LOADER_TEXT,
                StandardCharsets.UTF_8);
        return List.of(file, calibration, loader);
    }

    /** The script beside the recipe: python FILE.py model.tflite quantized.tflite. */
    private static final String LOADER_TEXT = """
        # Quantizes a float LiteRT model as the recipe and the calibration result beside this file say: python THIS.py model.tflite quantized.tflite
        import json, sys, numpy as np; from ai_edge_quantizer import quantizer
        here = sys.argv[0].removesuffix(".py")
        ranges = {t: {k: np.array(r[k]).reshape([1]) for k in ("min", "max")} for t, r in json.load(open(here + ".calibration.json")).items()}
        quantizer.Quantizer(sys.argv[1], json.load(open(here))).quantize(ranges).export_model(sys.argv[2])
        """;

    /**
     * Which names operators of the LiteRT model have, which is that of their output: in a TensorFlow Lite file its own,
     * not those of values in between; of any other file it is left to the converter.
     */
    private static Predicate<String> known(ExportPlan plan) throws IOException {
        if (!plan.model().format().equals("tflite")) {
            return _ -> true;
        }
        TfliteFile read = TfliteFile.read(plan.model().file());
        List<String> names = LiteGraph.names(read);
        return read.operators().stream()
                .flatMap(op -> op.outputs().stream())
                .filter(t -> t >= 0)
                .map(names::get)
                .collect(Collectors.toSet())::contains;
    }

    private static void recipe(
            JsonGenerator json, ExportPlan plan, List<Encoding> carried, Predicate<String> known, CancelToken cancel) {
        Map<TensorId, Encoding> byId = IntegerLayer.byId(carried);
        // A converter may fuse the clamp into the layer, which then gets the name of the clamp's output.
        Map<String, Encoding> weights = new LinkedHashMap<>();
        for (IntegerLayer layer : IntegerLayer.of(plan.model())) {
            Encoding weight = byId.get(layer.weight().id());
            if (weight != null) {
                weights.put(layer.node().outputs().getFirst(), weight);
                layer.output().ifPresent(out -> weights.put(out.name(), weight));
            }
        }
        json.writeStartArray();
        entry(json, ".*", "no_quantize", () -> {});
        plan.model().graph().ifPresent(graph -> operators(json, graph, byId, weights, known, cancel));
        json.writeEndArray();
    }

    private static void operators(
            JsonGenerator json,
            OnnxGraph graph,
            Map<TensorId, Encoding> carried,
            Map<String, Encoding> weights,
            Predicate<String> known,
            CancelToken cancel) {
        for (OnnxNode node : graph.nodes()) {
            cancel.check();
            if (!known.test(node.outputs().getFirst())) {
                continue;
            }
            Optional<Encoding> weight =
                    Optional.ofNullable(weights.get(node.outputs().getFirst()));
            Optional<Encoding> output = output(graph, carried, node);
            if (weight.isPresent() || output.isPresent()) {
                String algorithm = weight.map(LitertExporter::algorithm).orElse("min_max_uniform_quantize");
                entry(
                        json,
                        "(^|;)" + escaped(node.outputs().getFirst()) + "(;|$)",
                        algorithm,
                        () -> config(json, output, weight));
            }
        }
    }

    /** The activation that decides the width of the operator: its output, else its input. */
    private static Optional<Encoding> output(OnnxGraph graph, Map<TensorId, Encoding> carried, OnnxNode node) {
        Optional<Encoding> result = activation(graph, carried, node.outputs().getFirst());
        return result.isPresent()
                ? result
                : node.inputs().stream()
                        .flatMap(in -> activation(graph, carried, in).stream())
                        .findFirst();
    }

    private static String algorithm(Encoding weight) {
        return weight.spec().clip() instanceof Clip.Auto auto
                ? ALGORITHMS.getOrDefault(auto.calibratorId(), "min_max_uniform_quantize")
                : "min_max_uniform_quantize";
    }

    /**
     * Writes an entry for the operation "*", which is any: the converter decides which operation a layer becomes, but
     * it keeps the name of the output.
     */
    private static void entry(JsonGenerator json, String regex, String algorithm, Runnable config) {
        json.writeStartObject();
        json.writeStringProperty("regex", regex);
        json.writeStringProperty("operation", "*");
        json.writeStringProperty("algorithm_key", algorithm);
        config.run();
        json.writeEndObject();
    }

    private static void config(JsonGenerator json, Optional<Encoding> activation, Optional<Encoding> weight) {
        json.writeObjectPropertyStart("op_config");
        activation.ifPresent(
                a -> tensor(json, "activation_tensor_config", a.bits(), a.bits() == Short.SIZE, "TENSORWISE"));
        tensor(
                json,
                "weight_tensor_config",
                weight.map(Encoding::bits).orElse(Byte.SIZE),
                true,
                weight.map(LitertExporter::granularity).orElse("TENSORWISE"));
        json.writeStringProperty("compute_precision", activation.isPresent() ? "INTEGER" : "FLOAT");
        json.writeBooleanProperty("explicit_dequantize", activation.isEmpty());
        json.writeBooleanProperty("skip_checks", false);
        json.writeNumberProperty("min_weight_elements", 0);
        json.writeEndObject();
    }

    private static void tensor(JsonGenerator json, String name, int bits, boolean symmetric, String granularity) {
        json.writeObjectPropertyStart(name);
        json.writeNumberProperty("num_bits", bits);
        json.writeBooleanProperty("symmetric", symmetric);
        json.writeStringProperty("granularity", granularity);
        json.writeStringProperty("dtype", "INT");
        json.writeEndObject();
    }

    private static String granularity(Encoding weight) {
        return switch (weight.params().granularity()) {
            case Granularity.PerTensor _ -> "TENSORWISE";
            case Granularity.PerChannel _ -> "CHANNELWISE";
            case Granularity.PerBlock b -> "BLOCKWISE_" + b.size();
        };
    }

    /** A regular expression that matches exactly this name, in the syntax of Python, Java and ECMAScript. */
    static String escaped(String name) {
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if ("\\^$.|?*+()[]{}".indexOf(c) >= 0) {
                regex.append('\\');
            }
            regex.append(c);
        }
        return regex.toString();
    }

    private static void calibration(JsonGenerator json, List<Encoding> carried, CancelToken cancel) {
        Map<String, Encoding> activations = new LinkedHashMap<>();
        carried.stream().filter(Encoding::isActivation).forEach(e -> activations.put(e.id().name(), e));
        json.writeStartObject();
        for (Map.Entry<String, Encoding> entry : activations.entrySet()) {
            cancel.check();
            Encoding e = entry.getValue();
            double scale = e.params().scale(0);
            int zeroPoint = e.params().zeroPoint(0);
            boolean wide = e.bits() == Short.SIZE;
            json.writeObjectPropertyStart(entry.getKey());
            json.writeNumberProperty("min", wide ? -Short.MAX_VALUE * scale : (e.typeMin() - zeroPoint) * scale);
            json.writeNumberProperty("max", wide ? Short.MAX_VALUE * scale : (e.typeMax() - zeroPoint) * scale);
            json.writeNumberProperty("num_bits", e.bits());
            json.writeEndObject();
        }
        json.writeEndObject();
    }
}
