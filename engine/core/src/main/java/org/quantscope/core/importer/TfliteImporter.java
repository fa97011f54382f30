package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.proof.FloatTwin;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/**
 * Reads the grids of the weights of a quantized TensorFlow Lite model for the float model that it was made from, also if that
 * is an ONNX file: names and axes may differ ({@link FloatTwin}). Grids of computed values are counted; their names tell
 * nothing across formats.
 */
final class TfliteImporter implements Importer {
    @Override
    public String id() {
        return "tflite";
    }

    @Override
    public String title() {
        return "Quantized TensorFlow Lite model";
    }

    @Override
    public String source() {
        return "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs";
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        if (!ModelLoaders.loaderOf(file).id().equals("tflite")) {
            throw new BadInputException(file, "format", "is no TensorFlow Lite model");
        }
        Model there = ModelLoaders.open(file);
        OwnQuantization own = there.own()
                .orElseThrow(
                        () -> new BadInputException(file, "format", "is a float model: it has no grids to take over"));
        List<String> names = there.tensors().stream()
                .filter(t ->
                        t.info().kind() == TensorKind.WEIGHT && own.weights().containsKey(t.id()))
                .map(t -> t.id().name())
                .toList();
        FloatTwin twin = FloatTwin.of(there, names, model, cancel);
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        List<Imported.Unmatched> unmatched = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        twin.unmatched().forEach((name, why) -> unmatched.add(new Imported.Unmatched(name, why, List.of())));
        twin.matches().forEach((name, match) -> {
            Tensor original = model.find(match.original()).orElseThrow();
            OwnGrid grid = own.weights().get(new TensorId(name));
            Optional<QuantParams> params =
                    Optional.ofNullable(grid).flatMap(g -> FloatTwin.turned(g.params(), match, original.info()));
            if (params.isEmpty()) {
                unmatched.add(new Imported.Unmatched(
                        name, "its scales lie along an axis that " + match.original() + " has not", List.of()));
                return;
            }
            QuantSpec before = specs.put(original.id(), new OwnGrid(params.get(), Optional.empty()).spec(false));
            if (before != null) {
                notes.add(original.id() + " is quantized more than once there; the last one is taken");
            }
            if (!match.byName()) {
                notes.add(name + " is taken for " + original.id() + ": their values agree to "
                        + match.sqnr().stream()
                                .mapToObj(db -> String.format(java.util.Locale.ROOT, "%.1f dB", db))
                                .findFirst()
                                .orElse("the last bit"));
            }
        });
        there.notes().stream()
                .filter(n -> n.contains("computed values have a scale"))
                .forEach(notes::add);
        return new Imported(specs, unmatched, notes);
    }
}
