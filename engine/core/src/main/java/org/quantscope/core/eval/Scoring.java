package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.Shape;

/** How the outputs of one model are scored on one data set. Immutable; thread safe. */
final class Scoring {
    private final Task task;
    private final List<Task> possible;
    private final Head head;
    private final Dataset data;

    private Scoring(Task task, List<Task> possible, Head head, Dataset data) {
        this.task = task;
        this.possible = possible;
        this.head = head;
        this.data = data;
    }

    /**
     * Chooses the task by the model's output and the labels, unless a person has chosen one.
     *
     * @param chosen the choice of a person; the automatic choice replaces it if the model and the data do not allow it
     * @param first any outputs of the model
     * @throws BadInputException if there are targets, and the model has another number of outputs for each sample
     */
    static Scoring of(Model model, Dataset data, Optional<Task> chosen, Logits first) {
        OnnxGraph graph = model.graph().orElseThrow();
        String output = Logits.predictionOutput(model);
        Head head =
                new Head(first.classes(), Head.form(graph.operatorBefore(output).orElse("")), first.isVector());
        List<Task> possible = possible(head, data, looksLikeEmbedding(graph, output));
        return new Scoring(chosen.filter(possible::contains).orElse(possible.getFirst()), possible, head, data);
    }

    /** What can be scored; the automatic choice comes first. */
    private static List<Task> possible(Head head, Dataset data, boolean embedding) {
        List<Task> tasks = new ArrayList<>();
        Optional<Shape> target = data.targetShape();
        if (target.isPresent()) {
            if (target.get().count() != head.values()) {
                throw new BadInputException(
                        data.file(),
                        "labels",
                        "each sample has " + target.get().count() + " targets, the model has " + head.values()
                                + " outputs a sample");
            }
            tasks.add(new Task.Regression(Task.Loss.SQUARED));
            tasks.add(new Task.Regression(Task.Loss.ABSOLUTE));
        } else if (data.hasLabels() && head.vector()) {
            if (head.values() > 2) {
                tasks.add(new Task.TopK(1));
                if (head.values() > 5) {
                    tasks.add(new Task.TopK(5));
                }
            } else if (head.values() == 2 || isYesOrNo(data)) {
                tasks.add(new Task.Binary());
            }
            if (head.values() == 1) {
                tasks.add(new Task.Regression(Task.Loss.SQUARED));
                tasks.add(new Task.Regression(Task.Loss.ABSOLUTE));
            }
        }
        boolean classes = head.vector() && (head.values() > 1 || head.form() == Head.Form.PROBABILITIES);
        if (!data.hasLabels() && target.isEmpty() && classes && !embedding) {
            tasks.add(new Task.Agreement());
        }
        if (head.values() > 1) {
            tasks.add(new Task.Cosine());
        }
        tasks.add(new Task.Deviation());
        if (head.vector() && target.isEmpty() && !tasks.contains(new Task.Agreement())) {
            tasks.add(new Task.Agreement());
        }
        return List.copyOf(tasks);
    }

    private static boolean isYesOrNo(Dataset data) {
        for (int i = 0; i < data.size(); i++) {
            if (data.label(i) > 1) {
                return false;
            }
        }
        return true;
    }

    /** True if the operator that computes the output, or the name of the output, suggests an embedding. */
    private static boolean looksLikeEmbedding(OnnxGraph graph, String output) {
        String name = output.toLowerCase(Locale.ROOT);
        String operator = graph.operatorBefore(output).orElse("");
        return operator.equals("LpNormalization")
                || operator.equals("Div")
                || name.contains("embed")
                || name.contains("feature");
    }

    Task task() {
        return task;
    }

    /** Everything that could be scored; the automatic choice comes first. */
    List<Task> possible() {
        return possible;
    }

    /** True if the task is about classes. */
    boolean hasClasses() {
        return switch (task) {
            case Task.TopK _, Task.Binary _, Task.Agreement _ -> true;
            case Task.Regression _, Task.Cosine _, Task.Deviation _ -> false;
        };
    }

    /** The scored predictions of the float model for one batch. */
    static final class Reference {
        /** The class of each sample; empty if the outputs are not classes. */
        private final int[] top;

        private final double[] scores;
        private final float[] probability;
        private final float[] margin;

        /** Null if they are too large to keep. */
        private final @Nullable Logits logits;

        private Reference(int rows, boolean classes, @Nullable Logits logits) {
            this.top = new int[classes ? rows : 0];
            this.scores = new double[rows];
            this.probability = new float[classes ? rows : 0];
            this.margin = new float[classes ? rows : 0];
            this.logits = logits;
        }

        /** The same without the outputs, which are too large to keep. */
        private Reference(Reference full) {
            this.top = full.top;
            this.scores = full.scores;
            this.probability = full.probability;
            this.margin = full.margin;
            this.logits = null;
        }

        int rows() {
            return scores.length;
        }

        double score(int row) {
            return scores[row];
        }

        boolean hasOutputs() {
            return logits != null;
        }

        Reference withoutOutputs() {
            return new Reference(this);
        }
    }

    /** Scores the float model's outputs of a batch. */
    Reference reference(int[] samples, Logits outputs) {
        Reference reference = new Reference(samples.length, hasClasses(), outputs);
        double[] logs = new double[head.classes()];
        float[] target = targetBuffer();
        for (int i = 0; i < samples.length; i++) {
            reference.scores[i] =
                    score(samples[i], outputs, i, outputs, hasClasses() ? head.decide(outputs, i) : -1, target);
            if (hasClasses()) {
                reference.top[i] = head.decide(outputs, i);
                head.logProbabilities(outputs, i, logs);
                reference.probability[i] = probability(logs, reference.top[i]);
                reference.margin[i] = margin(logs);
            }
        }
        return reference;
    }

    private float[] targetBuffer() {
        return new float[task instanceof Task.Regression ? head.values() : 0];
    }

    /** The score of one row. The float outputs and the float class belong to the same sample. */
    private double score(int sample, Logits outputs, int row, @Nullable Logits floats, int floatClass, float[] target) {
        return switch (task) {
            case Task.TopK(int k) when k == 1 -> head.decide(outputs, row) == data.label(sample) ? 1 : 0;
            case Task.TopK(int k) -> head.among(outputs, row, data.label(sample), k) ? 1 : 0;
            case Task.Binary _ -> head.decide(outputs, row) == data.label(sample) ? 1 : 0;
            case Task.Agreement _ -> head.decide(outputs, row) == floatClass ? 1 : 0;
            case Task.Regression(Task.Loss loss) -> {
                if (data.targetShape().isPresent()) {
                    data.target(sample, target);
                } else {
                    target[0] = data.label(sample);
                }
                yield distance(outputs.values(), row * head.values(), target, 0, loss);
            }
            case Task.Cosine _ -> cosine(outputs, needed(floats), row);
            case Task.Deviation _ ->
                distance(
                        outputs.values(),
                        row * head.values(),
                        needed(floats).values(),
                        row * head.values(),
                        Task.Loss.ABSOLUTE);
        };
    }

    private static Logits needed(@Nullable Logits floats) {
        if (floats == null) {
            throw new IllegalStateException("reference: the float outputs were not kept");
        }
        return floats;
    }

    private double distance(float[] a, int fromA, float[] b, int fromB, Task.Loss loss) {
        double sum = 0;
        for (int i = 0; i < head.values(); i++) {
            double d = (double) a[fromA + i] - b[fromB + i];
            sum += switch (loss) {
                case SQUARED -> d * d;
                case ABSOLUTE -> Math.abs(d);
            };
        }
        return sum / head.values();
    }

    private double cosine(Logits a, Logits b, int row) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = row * head.values(); i < (row + 1) * head.values(); i++) {
            double x = a.values()[i];
            double y = b.values()[i];
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
        return aa == 0 && bb == 0 ? 1 : aa == 0 || bb == 0 ? 0 : ab / Math.sqrt(aa) / Math.sqrt(bb);
    }

    private static float probability(double[] logs, int of) {
        return of < 0 ? Float.NaN : (float) Math.exp(logs[of]);
    }

    private static float margin(double[] logs) {
        double first = Double.NEGATIVE_INFINITY;
        double second = Double.NEGATIVE_INFINITY;
        for (double x : logs) {
            if (x > first) {
                second = first;
                first = x;
            } else if (x > second) {
                second = x;
            }
        }
        return (float) (Math.exp(first) - Math.exp(second));
    }

    /** The complete figure of the float model compared with itself, over the samples of some batches. */
    AccuracyEstimate baseline(double scores, int seen, int total) {
        double mean = scores / seen;
        OptionalInt agree = hasClasses() ? OptionalInt.of(seen) : OptionalInt.empty();
        OptionalDouble none = hasClasses() ? OptionalDouble.of(0) : OptionalDouble.empty();
        return new AccuracyEstimate(
                task, mean, mean, seen, total, agree, new PairedInterval(0, 0), Double.POSITIVE_INFINITY, none);
    }

    /** Begins to count one evaluation. */
    Tally tally(int total) {
        return new Tally(total);
    }

    /** The running counts of one evaluation. Used by one thread. */
    final class Tally {
        private final SampleOutcomes.Records records;
        private final PairedMeans differences = new PairedMeans();
        private final double[] floatLogs = new double[head.classes()];
        private final double[] logs = new double[head.classes()];
        private final float[] target = targetBuffer();
        private double sum;
        private double floatSum;
        private int gained;
        private int lost;
        private int agree;
        private int seen;
        private double signal;
        private double noise;
        private double divergence;
        private int compared;

        private Tally(int total) {
            records = new SampleOutcomes.Records(total, hasClasses() ? head.classes() : 0);
        }

        void add(int[] samples, Reference reference, Logits quantized) {
            for (int i = 0; i < samples.length; i++) {
                int floatClass = hasClasses() ? reference.top[i] : -1;
                double score = score(samples[i], quantized, i, reference.logits, floatClass, target);
                double before = reference.scores[i];
                sum += score;
                floatSum += before;
                gained += score > before ? 1 : 0;
                lost += score < before ? 1 : 0;
                if (!task.isProportion()) {
                    differences.add(score - before);
                }
                int at = seen + i;
                records.sample[at] = samples[i];
                records.label[at] = data.hasLabels() ? data.label(samples[i]) : -1;
                if (hasClasses()) {
                    addClasses(at, i, reference, quantized);
                }
            }
            seen += samples.length;
            Logits kept = reference.logits;
            if (kept != null) {
                float[] f = kept.values();
                float[] q = quantized.values();
                for (int i = 0; i < f.length; i++) {
                    double d = (double) f[i] - q[i];
                    signal += (double) f[i] * f[i];
                    noise += d * d;
                }
            }
        }

        private void addClasses(int at, int row, Reference reference, Logits quantized) {
            int floatClass = reference.top[row];
            int quantizedClass = head.decide(quantized, row);
            agree += floatClass == quantizedClass ? 1 : 0;
            head.logProbabilities(quantized, row, logs);
            records.floatClass[at] = floatClass;
            records.quantizedClass[at] = quantizedClass;
            records.floatOfFloat[at] = reference.probability[row];
            records.floatMargin[at] = reference.margin[row];
            records.quantizedOfFloat[at] = probability(logs, floatClass);
            records.quantizedOfQuantized[at] = probability(logs, quantizedClass);
            records.quantizedMargin[at] = margin(logs);
            records.floatOfQuantized[at] = floatClass == quantizedClass ? reference.probability[row] : Float.NaN;
            Logits kept = reference.logits;
            if (kept != null) {
                head.logProbabilities(kept, row, floatLogs);
                records.floatOfQuantized[at] = probability(floatLogs, quantizedClass);
                double sample = 0;
                for (int c = 0; c < floatLogs.length; c++) {
                    double p = Math.exp(floatLogs[c]);
                    sample += p == 0 ? 0 : p * (floatLogs[c] - logs[c]);
                }
                divergence += sample;
                compared++;
            }
        }

        AccuracyEstimate estimate() {
            int n = Math.max(1, seen);
            int total = records.sample.length;
            PairedInterval interval =
                    task.isProportion() ? PairedInterval.of(gained, lost, n, total) : differences.interval(total);
            double sqnr = noise == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
            double kl = compared == 0 ? Double.NaN : Math.max(0, divergence / compared);
            return new AccuracyEstimate(
                    task,
                    sum / n,
                    floatSum / n,
                    n,
                    total,
                    hasClasses() ? OptionalInt.of(agree) : OptionalInt.empty(),
                    interval,
                    sqnr,
                    Double.isFinite(kl) ? OptionalDouble.of(kl) : OptionalDouble.empty());
        }

        Evaluation evaluation() {
            return new Evaluation(estimate(), new SampleOutcomes(records, seen));
        }
    }
}
