package org.quantscope.core.departure;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;

/**
 * A float model beside one deployed form of it, or beside two: each of them alone, and what lies between the two. The window
 * and the command line both come here.
 *
 * @param second empty if there is only one form
 */
public record ComparedForms(NetworkComparison first, Optional<Second> second) {
    /**
     * A deployed form.
     *
     * @param file an ONNX or TensorFlow Lite file, or a folder of dumped values
     * @param pairs deployed names by the float model's names, as {@link Pairs} reads them; empty to find all
     */
    public record Form(Path file, Map<String, String> pairs) {
        public Form {
            pairs = Map.copyOf(pairs);
        }
    }

    /**
     * The second form.
     *
     * @param alone it beside the float model
     * @param between the two beside each other; empty if one of the two has no tensor that is found in the float model
     */
    public record Second(NetworkComparison alone, Optional<TwoForms> between) {}

    /**
     * Compares.
     *
     * @param floats the float model as it is in its file
     * @param data fed to all
     * @throws BadInputException if a file cannot be read as what it should be, or the data does not fit
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static ComparedForms of(
            Model floats, Dataset data, Form first, Optional<Form> second, Progress progress, CancelToken cancel)
            throws IOException {
        NetworkComparison.Task one = task(floats, data, first);
        if (second.isEmpty()) {
            return new ComparedForms(NetworkComparison.of(one, progress, cancel), Optional.empty());
        }
        NetworkComparison.Task two = task(floats, data, second.get());
        NetworkComparison here = NetworkComparison.of(one, said("first form", progress), cancel);
        NetworkComparison there = NetworkComparison.of(two, said("second form", progress), cancel);
        boolean both = !here.tensors().isEmpty() && !there.tensors().isEmpty();
        return new ComparedForms(
                here,
                Optional.of(new Second(
                        there,
                        both
                                ? Optional.of(TwoForms.of(one, second.get(), said("both forms", progress), cancel))
                                : Optional.empty())));
    }

    private static NetworkComparison.Task task(Model floats, Dataset data, Form form) {
        return new NetworkComparison.Task(floats, form.file, data, form.pairs);
    }

    private static Progress said(String which, Progress progress) {
        return (done, total, what) -> progress.report(done, total, which + ": " + what);
    }

    /** True if one of the forms departs. */
    public boolean departs() {
        return first.first().isPresent() || second.flatMap(s -> s.alone.first()).isPresent();
    }
}
