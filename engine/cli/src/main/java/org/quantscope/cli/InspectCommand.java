package org.quantscope.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.quantscope.core.Engine;
import org.quantscope.core.io.Quoted;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.metric.NonFiniteWeights;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.sketch.ValueFigures;
import org.quantscope.core.tensor.BlockFormat;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        description = "Lists the tensors of a model with their statistics, over finite values.",
        footer = {"", "Example:", "  quantscope inspect model.onnx"})
final class InspectCommand extends EngineCommand {
    @Parameters(
            paramLabel = "MODEL",
            description = "A model file: ONNX, safetensors, GGUF, TensorFlow Lite, Keras, PyTorch, npz or npy.")
    private Path file;

    @Option(names = "--header", description = "Read no weight data: no statistics, no hash.")
    private boolean header;

    InspectCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        Model model = header ? ModelLoaders.openHeader(file) : ModelLoaders.open(file);
        Json json = new Json().put("format", model.format());
        // The content is hashed on one core while another looks at the values.
        Optional<CompletableFuture<String>> hash =
                header ? Optional.empty() : Optional.of(CompletableFuture.supplyAsync(this::sha256));
        hash.ifPresent(h -> json.put("sha256", ""));
        model.opset().ifPresent(opset -> json.put("opset", opset));
        model.own().ifPresent(own -> json.put("already_quantized", own.said()));
        List<TensorInfo> activations = model.graph().map(OnnxGraph::activations).orElse(List.of());
        List<Json> tensors = new ArrayList<>();
        Table table = header
                ? new Table("tensor", "kind", "dtype", "shape", ">axis", "consumers")
                : new Table(
                        "tensor",
                        "kind",
                        "dtype",
                        "shape",
                        ">axis",
                        ">min",
                        ">max",
                        ">mean",
                        ">std",
                        ">nan",
                        ">inf",
                        ">zeros",
                        "consumers");
        List<NonFiniteWeights.Found> broken = new ArrayList<>();
        try (Terminal.Bar bar = terminal().progress("inspect")) {
            int done = 0;
            for (Tensor tensor : model.tensors()) {
                bar.report(done++, model.tensors().size(), tensor.id().name());
                Json entry = describe(tensor.info(), dtype(tensor));
                tensor.data().format().ifPresent(f -> entry.put("bits_per_weight", f.bitsPerValue()));
                if (header) {
                    table.row(cells(tensor.info(), dtype(tensor)));
                } else {
                    ValueFigures figures = ValueFigures.of(tensor.data(), cancel());
                    statistics(entry, figures);
                    table.row(cells(tensor.info(), dtype(tensor), figures));
                    NonFiniteWeights.of(tensor.info(), figures.nan(), figures.inf())
                            .ifPresent(broken::add);
                }
                tensors.add(entry);
            }
        }
        for (TensorInfo activation : activations) {
            String dtype = activation.dtype().name();
            tensors.add(describe(activation, dtype));
            table.row(
                    header
                            ? cells(activation, dtype)
                            : cells(activation, dtype, new ValueFigures(0, 0, 0, 0, 0, 0, 0, 0)));
        }
        hash.ifPresent(h -> json.put("sha256", joined(h)));
        json.put("tensors", tensors);
        if (!model.metadata().isEmpty()) {
            Json metadata = new Json();
            model.metadata().forEach(metadata::put);
            json.put("metadata", metadata);
        }
        List<LeftFloat> left = FloatReport.always(Engine.analysed(model), file);
        FloatReport.put(json, left);
        print(json, () -> {
            table.print(terminal());
            terminal()
                    .out()
                    .println(model.format()
                            + model.opset().stream()
                                    .mapToObj(o -> ", opset " + o)
                                    .collect(Collectors.joining()) + ", "
                            + model.tensors().size() + " stored tensors"
                            + (activations.isEmpty() ? "" : ", " + activations.size() + " activations"));
            model.metadata().forEach((key, value) -> terminal().out().println(key + " = " + Quoted.of(value)));
            FloatReport.print(left, terminal());
            NonFiniteWeights.sentence(broken).ifPresent(note -> terminal().out().println("note: " + note));
            model.notes().forEach(note -> terminal().out().println("note: " + note));
        });
        return ExitCode.DONE;
    }

    private String sha256() {
        try {
            return FileRef.of(file, cancel()).sha256();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The hash, or the failure as if it had been computed here. */
    private static String joined(CompletableFuture<String> hash) {
        try {
            return hash.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException r -> throw r;
                case Error r -> throw r;
                case null, default -> throw e;
            }
        }
    }

    /** How the file stores the values: their type, or that of the blocks that hold them. */
    private static String dtype(Tensor tensor) {
        return tensor.data()
                .format()
                .map(BlockFormat::id)
                .orElseGet(() -> tensor.info().dtype().name());
    }

    private static Json describe(TensorInfo info, String dtype) {
        Json json = new Json()
                .put("name", info.id().name())
                .put("kind", info.kind().id())
                .put("dtype", dtype);
        if (hasShape(info)) {
            json.put("shape", dimensions(info.shape()));
        }
        info.channelAxis().ifPresent(axis -> json.put("channel_axis", axis));
        json.put("consumers", info.consumers().stream().map(Consumer::node).toList());
        return info.kind() == TensorKind.ACTIVATION
                ? json
                : json.put("count", info.shape().count());
    }

    /** The lengths of the axes, −1 for one of any length, as in ONNX Runtime. */
    private static List<Long> dimensions(Shape shape) {
        return IntStream.range(0, shape.rank())
                .mapToObj(axis -> shape.isFree(axis) ? -1L : shape.dim(axis))
                .toList();
    }

    /** An activation whose shape the file does not declare has the shape of a scalar here. */
    private static boolean hasShape(TensorInfo info) {
        return info.kind() != TensorKind.ACTIVATION || info.shape().rank() > 0;
    }

    private static String shape(TensorInfo info) {
        return hasShape(info) ? info.shape().toString() : "–";
    }

    private static void statistics(Json json, ValueFigures figures) {
        if (figures.count() > 0) {
            json.putFloat("min", figures.min())
                    .putFloat("max", figures.max())
                    .put("mean", figures.mean())
                    .put("std", figures.std());
        }
        json.put("nan", figures.nan()).put("inf", figures.inf()).put("zeros", figures.zeros());
    }

    private static String[] cells(TensorInfo info, String dtype) {
        return new String[] {info.id().name(), info.kind().id(), dtype, shape(info), axis(info), consumers(info)};
    }

    private static String[] cells(TensorInfo info, String dtype, ValueFigures figures) {
        boolean any = figures.count() > 0;
        boolean seen = any || figures.nan() > 0 || figures.inf() > 0;
        return new String[] {
            info.id().name(),
            info.kind().id(),
            dtype,
            shape(info),
            axis(info),
            any ? Text.number(figures.min()) : "–",
            any ? Text.number(figures.max()) : "–",
            any ? Text.number(figures.mean()) : "–",
            any ? Text.number(figures.std()) : "–",
            seen ? Long.toString(figures.nan()) : "–",
            seen ? Long.toString(figures.inf()) : "–",
            seen ? Long.toString(figures.zeros()) : "–",
            consumers(info)
        };
    }

    private static String axis(TensorInfo info) {
        return info.channelAxis().isPresent()
                ? Integer.toString(info.channelAxis().getAsInt())
                : "–";
    }

    private static String consumers(TensorInfo info) {
        return info.consumers().stream().map(c -> c.opType() + " " + c.node()).collect(Collectors.joining(", "));
    }
}
