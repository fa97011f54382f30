package org.quantscope.core.departure;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.TensorId;

/**
 * Two deployed forms of one float model beside it and beside each other: which is nearer, and what their difference is
 * made of.
 *
 * <p>The difference of the values, second minus first, is taken apart by going from the first form to the second in our
 * simulation, in this order: the <em>scales</em> (and zero points) of tensors that both quantize become the second form's;
 * then the <em>rounding</em> of the weights, each code with its distance from the nearest one; then the <em>placement</em>,
 * the tensors that only one of the two quantizes. The <em>rest</em> is what each form computes otherwise than our
 * simulation of it. The parts are differences of values that follow each other, so their sum is the whole, in every value;
 * {@link Row} gives each as its projection on the whole.
 *
 * @param tensors those that both forms have, in graph order
 * @param answers how many samples have answers that are classes; 0 where the answers are none
 * @param flips samples that the two forms answer differently; empty where the answers are no classes
 * @param firstAgrees of these, how many the first form answers as the float model does
 * @param secondAgrees how many the second does
 */
public record TwoForms(List<Row> tensors, int answers, List<Flip> flips, int firstAgrees, int secondAgrees) {
    public TwoForms {
        tensors = List.copyOf(tensors);
        flips = List.copyOf(flips);
    }

    /** The order in which the first form is turned into the second. */
    public enum Part {
        SCALE("scale"),
        ROUNDING("rounding"),
        PLACEMENT("placement"),
        REST("rest");

        private final String id;

        Part(String id) {
            this.id = id;
        }

        public String id() {
            return id;
        }
    }

    /**
     * Parts of a difference, which sum to it.
     *
     * @param whole the sum
     */
    public record Split(double whole, Map<Part, Double> parts) {
        public Split {
            parts = Map.copyOf(parts);
        }

        public double part(Part part) {
            return Objects.requireNonNull(parts.get(part));
        }
    }

    /**
     * One tensor.
     *
     * @param first 10·log10(Σf²/Σ(f−a)²) of the first form's values a; infinite if equal
     * @param second the same of the second form's
     * @param difference Σ(b−a)²/Σf², and of each part δ the projection Σδ(b−a)/Σf²
     */
    public record Row(TensorId name, OptionalDouble first, OptionalDouble second, Split difference) {}

    /**
     * A sample that the two forms answer differently.
     *
     * @param sample its index in the data
     * @param floats the float model's answer
     * @param first the first form's
     * @param second the second form's
     * @param margin how the lead of the first form's answer over the second form's changes from the first form to the
     *     second, in units of the output
     */
    public record Flip(int sample, int floats, int first, int second, Split margin) {}

    /**
     * Compares.
     *
     * @param task the float model with the first form
     * @param second the second form
     */
    static TwoForms of(NetworkComparison.Task task, ComparedForms.Form second, Progress progress, CancelToken cancel)
            throws IOException {
        try (Deployed a = NetworkComparison.open(task.deployed());
                Deployed b = NetworkComparison.open(second.file())) {
            Model model = NetworkComparison.asDeployed(task.model(), a);
            Search one = new Search(model, a, task, progress, cancel);
            Search two = new Search(
                    model,
                    b,
                    new NetworkComparison.Task(task.model(), second.file(), task.data(), second.pairs()),
                    progress,
                    cancel);
            return new Between(model, one, two, a, b, progress, cancel).run();
        }
    }
}
