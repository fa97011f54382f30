package org.quantscope.core.sensitivity;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.Task;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

class SensitivityScopeTest {
    private static final String KEY = "12".repeat(32);

    @TempDir
    Path folder;

    private final Model model;
    private final Path stored = Path.of(System.getProperty("quantscope.samples"), "digits_test.npz");

    SensitivityScopeTest() throws IOException {
        model = Engine.open(Path.of(System.getProperty("quantscope.samples"), "digits_mlp.onnx"), true);
    }

    private static SensitivityScope of(
            String key, boolean folded, Set<TensorId> added, Model model, Dataset data, Optional<Task> metric) {
        return SensitivityScope.of(key, folded, added, model, model, data, metric, new CancelToken());
    }

    private SensitivityScope of(Dataset data) {
        return of(KEY, true, Set.of(), model, data, Optional.empty());
    }

    private Dataset withSidecar(String name, String sidecar) throws IOException {
        Path copy = Files.createDirectories(folder.resolve(name)).resolve("d.npz");
        Files.copy(stored, copy);
        Files.writeString(copy.resolveSibling("d.dataset.json"), sidecar);
        return Datasets.open(copy);
    }

    /** As if the sidecar named another array of labels. */
    private static Dataset relabelled(Dataset data) {
        return (Dataset) Proxy.newProxyInstance(
                Dataset.class.getClassLoader(), new Class<?>[] {Dataset.class}, (proxy, method, args) -> {
                    Object result = method.invoke(data, args);
                    if (method.getName().equals("labels") && args[0].equals(499)) {
                        int[] labels = (int[]) args[1];
                        labels[0] = 9 - labels[0];
                    }
                    return result;
                });
    }

    @Test
    void theSameModelDataAndMetricAreTheSameScopeWhereverTheyLie() throws IOException {
        Dataset data = Datasets.open(stored);
        Path copy = Files.copy(stored, folder.resolve("elsewhere.npz"));
        Files.copy(stored.resolveSibling("digits_test.dataset.json"), folder.resolve("elsewhere.dataset.json"));

        assertThat(of(Datasets.open(copy))).isEqualTo(of(data)).isEqualTo(of(data));
    }

    @Test
    void whateverChangesAFigureIsAnotherScope() throws IOException {
        Dataset data = Datasets.open(stored);
        Tensor first = model.tensors().getFirst();
        float[] values = first.data().toFloats();
        values[values.length - 1] += 1e-3f;
        List<Tensor> tensors = new ArrayList<>(model.tensors());
        tensors.set(0, new Tensor(first.info(), TensorData.of(values)));
        // As with values in a file beside the model.
        Model other = new Model(model.file(), model.format(), model.opset(), tensors, model.graph(), model.notes());

        assertThat(List.of(
                        of(data),
                        of("34".repeat(32), true, Set.of(), model, data, Optional.empty()),
                        of(KEY, false, Set.of(), model, data, Optional.empty()),
                        of(KEY, true, Set.of(new TensorId("a")), model, data, Optional.empty()),
                        of(KEY, true, Set.of(), other, data, Optional.empty()),
                        of(KEY, true, Set.of(), model, data, Optional.of(new Task.Cosine())),
                        of(data.limit(100)),
                        of(withSidecar("scaled", "{\"scale\": 0.5}")),
                        of(withSidecar("plain", "{}")),
                        of(relabelled(data))))
                .doesNotHaveDuplicates();
    }
}
