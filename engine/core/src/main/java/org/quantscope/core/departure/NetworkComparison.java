package org.quantscope.core.departure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.BatchNormFolding;
import org.quantscope.core.rewrite.ConstantFolding;
import org.quantscope.core.rewrite.PadFolding;
import org.quantscope.core.tensor.TensorId;

/**
 * A float model beside one deployed form of it, run on the same data.
 *
 * <p>Along the network two errors are shown: the one that is measured, and the one that the deployed grids explain, which
 * is that of the float model quantized by us with those grids. Both accumulate from layer to layer. Where the two models
 * part is found without that: each node of the float model is given what the deployed nodes before it have computed, so
 * that a fault is seen where it happens and nowhere behind it.
 *
 * @param deployed the file or folder
 * @param alignment which tensor is which
 * @param tensors each pair, in the order of the float model's graph; empty if nothing that the network computes is paired
 * @param first where the two part first by more than quantization explains; empty if they do not
 * @param samples that were compared
 * @param notes for a person
 */
public record NetworkComparison(
        Path deployed,
        Alignment alignment,
        List<Row> tensors,
        Optional<Departure> first,
        int samples,
        List<String> notes) {
    public NetworkComparison {
        tensors = List.copyOf(tensors);
        notes = List.copyOf(notes);
    }

    /**
     * One tensor.
     *
     * @param name in the float model
     * @param deployed in the deployed model
     * @param errorDb 10·log10(Σf²/Σ(f−d)²) of the deployed values d beside the float model's f; infinite if they are equal,
     *     empty if one is not finite
     * @param explainedDb the same of our simulation of the deployed grids
     * @param excess how many times the limit the difference at this node alone is; above 1 the two part here
     * @param departs true if they do
     */
    public record Row(
            TensorId name,
            String deployed,
            OptionalDouble errorDb,
            OptionalDouble explainedDb,
            double excess,
            boolean departs) {}

    /**
     * What to compare.
     *
     * @param model the float model as it is in its file
     * @param deployed an ONNX or TensorFlow Lite file, or a folder of dumped values
     * @param data fed to both
     * @param pairs deployed names by the float model's names, as {@link Pairs} reads them
     */
    public record Task(Model model, Path deployed, Dataset data, Map<String, String> pairs) {
        public Task {
            pairs = Map.copyOf(pairs);
        }
    }

    /**
     * Compares.
     *
     * @throws BadInputException if a file cannot be read as what it should be, or the data does not fit
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static NetworkComparison of(Task task, Progress progress, CancelToken cancel) throws IOException {
        boolean dumped = Files.isDirectory(task.deployed);
        NetworkComparison written;
        try (Deployed deployed = open(task.deployed)) {
            Model model = asDeployed(task.model, deployed);
            written = new Search(model, deployed, task, progress, cancel).run();
            if (dumped
                    || deployed instanceof DeployedTflite
                    || written.first.isPresent()
                    || deployed.floats().flatMap(Model::own).isEmpty()) {
                return written;
            }
        }
        // Written as it should be. A user runs it with the kernels that the runtime chooses.
        NetworkComparison run = run(task, DeployedOnnx.Run.AS_RUN, progress, cancel);
        if (run.first.isEmpty()) {
            return written;
        }
        boolean saturated =
                run(task, DeployedOnnx.Run.EXACT, progress, cancel).first.isEmpty();
        return run.with(saturated ? SATURATED : KERNELS);
    }

    private static final String KERNELS =
            "With every node run as it is written, nothing departs: the departure is one of"
                    + " the kernels that ONNX Runtime puts in their place.";
    private static final String SATURATED = "With every node run as it is written, nothing departs, and neither with"
        + " session.x64quantprecision=1: this processor has no VNNI, so ONNX Runtime's kernels add products of u8 by"
        + " s8 in pairs of 16 bits, which saturate. Weights of 7 bits avoid it.";

    private static NetworkComparison run(Task task, DeployedOnnx.Run how, Progress progress, CancelToken cancel)
            throws IOException {
        try (Deployed deployed = DeployedOnnx.open(task.deployed, how)) {
            return new Search(asDeployed(task.model, deployed), deployed, task, progress, cancel).run();
        }
    }

    /** Opens a deployed form, to be run as it is written. */
    static Deployed open(Path deployed) throws IOException {
        return Files.isDirectory(deployed)
                ? DumpedTensors.open(deployed)
                : DeployedTflite.matches(deployed)
                        ? DeployedTflite.open(deployed)
                        : DeployedOnnx.open(deployed, DeployedOnnx.Run.AS_WRITTEN);
    }

    private NetworkComparison with(String note) {
        return new NetworkComparison(
                deployed,
                alignment,
                tensors,
                first,
                samples,
                Stream.concat(notes.stream(), Stream.of(note)).toList());
    }

    /** The float model with BatchNormalization and the like folded, unless the deployed one has them too. */
    static Model asDeployed(Model model, Deployed deployed) {
        if (model.graph().isEmpty()) {
            throw new BadInputException(model.file(), "graph", "holds bare weights; a model that can be run is needed");
        }
        boolean keeps = deployed.floats()
                .flatMap(Model::graph)
                .map(g -> g.nodes().stream().anyMatch(n -> n.opType().equals("BatchNormalization")))
                .orElse(false);
        Model constants = ConstantFolding.fold(model);
        return keeps ? constants : BatchNormFolding.fold(PadFolding.fold(constants));
    }
}
