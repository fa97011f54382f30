package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.LabelNumbers;
import org.quantscope.core.eval.AccuracyEstimate.Details;
import org.quantscope.core.eval.AccuracyEstimate.Exact;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.Shape;

/** How the outputs of one model are scored on one data set. Immutable; thread safe. */
final class Scoring {
    /** With fewer labels an accuracy below chance may be chance. */
    private static final int ENOUGH = 30;

    private final String output;
    private final Task task;
    private final List<Task> possible;
    private final Head head;
    private final LabelFit fit;
    private final Dataset data;
    /** Of one sample of the output. */
    private final Shape shape;

    private Scoring(String output, Task task, List<Task> possible, Head head, LabelFit fit, Dataset data, Shape shape) {
        this.output = output;
        this.task = task;
        this.possible = possible;
        this.head = head;
        this.fit = fit;
        this.data = data;
        this.shape = shape;
    }

    /**
     * Chooses the task by the model's output and the labels, unless a person has chosen one.
     *
     * @param chosen the choice of a person; the automatic choice replaces it if the model and the data do not allow it
     * @param first any outputs of the model
     */
    static Scoring of(Model model, Dataset data, Optional<Task> chosen, Logits first) {
        OnnxGraph graph = model.graph().orElseThrow();
        String output = Logits.predictionOutput(model);
        boolean pooled = graph.scored().mask().isPresent();
        String operator = pooled ? "" : graph.operatorBefore(output).orElse("");
        Head whole = Head.whole(first, operator);
        LabelFit fit = LabelFit.of(data, first, output, operator);
        boolean classes = whole.vector() && saysClasses(whole, data, output, operator);
        List<Task> possible = possible(
                whole,
                fit,
                data,
                classes,
                looksLikeEmbedding(output, operator) || pooled,
                first.shape().rank() == 2
                        && (operator.contains("Softmax")
                                || output.toLowerCase(Locale.ROOT).contains("logit")));
        Task task = chosen.filter(possible::contains).orElse(possible.getFirst());
        Head head = task instanceof Task.TokenDivergence && fit.kind() != LabelFit.Kind.POSITIONS
                ? Head.positions(first, Shape.of(first.shape().dim(0)), operator)
                        .orElseThrow()
                : task.needsLabels() || task instanceof Task.TokenDivergence ? fit.head() : whole;
        return new Scoring(output, task, possible, head, fit, data, first.shape());
    }

    /** What can be scored; the automatic choice comes first. */
    private static List<Task> possible(
            Head whole, LabelFit fit, Dataset data, boolean classes, boolean embedding, boolean texts) {
        boolean text = data.labelShape().map(s -> s.rank() == 1).orElse(false);
        List<Task> labelled = fit.tasks(data.targetShape().isPresent(), text);
        List<Task> tasks = new ArrayList<>();
        boolean first = !(embedding && !classes && fit.kind() == LabelFit.Kind.CLASS && whole.values() > 2);
        if (first) {
            tasks.addAll(labelled);
        }
        if (labelled.isEmpty() && classes) {
            tasks.add(new Task.Agreement());
        }
        boolean tokens = fit.kind() == LabelFit.Kind.POSITIONS ? text : fit.kind() == LabelFit.Kind.NONE && texts;
        if (tokens && (fit.kind() == LabelFit.Kind.NONE || fit.head().form() != Head.Form.SCORES)) {
            tasks.add(new Task.TokenDivergence());
        }
        if (whole.values() > 1) {
            tasks.add(new Task.Cosine());
        }
        tasks.add(new Task.Deviation());
        if (!first) {
            tasks.addAll(labelled);
        }
        if (whole.vector()
                && fit.kind() != LabelFit.Kind.TARGETS
                && fit.kind() != LabelFit.Kind.BOXES
                && !tasks.contains(new Task.Agreement())) {
            tasks.add(new Task.Agreement());
        }
        return List.copyOf(tasks);
    }

    /**
     * True if something says that a vector of outputs is one value for each class: the operator that computes it, its
     * name, the names of classes beside the data, or the number of ImageNet's classes.
     */
    private static boolean saysClasses(Head head, Dataset data, String output, String operator) {
        String name = output.toLowerCase(Locale.ROOT);
        return head.form() == Head.Form.PROBABILITIES
                || head.form() == Head.Form.LOG_PROBABILITIES
                || (head.values() == 1 && head.form() == Head.Form.YES_OR_NO)
                || (head.values() > 1
                        && (data.classes().size() == head.values()
                                || operator.contains("Softmax")
                                || name.contains("logit")
                                || name.contains("prob")
                                || name.contains("class")
                                || name.contains("label")
                                || name.contains("softmax")
                                || head.values() == 1000
                                || head.values() == 1001));
    }

    /** True if the operator that computes the output, or the name of the output, suggests an embedding. */
    private static boolean looksLikeEmbedding(String output, String operator) {
        String name = output.toLowerCase(Locale.ROOT);
        return operator.equals("LpNormalization")
                || operator.equals("Div")
                || name.contains("emb")
                || name.contains("feature")
                || name.contains("pool")
                || name.contains("hidden");
    }

    Task task() {
        return task;
    }

    /** The name of the output that is scored. */
    String output() {
        return output;
    }

    /** Everything that could be scored; the automatic choice comes first. */
    List<Task> possible() {
        return possible;
    }

    /** What a person should know about how the labels are read, in sentences. */
    List<String> notes() {
        if (task.needsLabels()) {
            return fit.notes();
        }
        return fit.kind() == LabelFit.Kind.NONE || !possible.getFirst().equals(task)
                ? List.of()
                : List.of("The labels are not used: the output " + output + " looks like an embedding.");
    }

    /** Sentences, if the float model's complete figure casts doubt on the data or on the reading of its labels. */
    List<String> doubts(AccuracyEstimate baseline) {
        List<String> doubts = new ArrayList<>();
        int notFinite = baseline.details().notFinite();
        if (notFinite > 0) {
            doubts.add("The float model's own output is not finite for " + notFinite + " of " + baseline.seen()
                    + " samples: there may be NaN in the data or in the weights.");
        }
        boolean one = task instanceof Task.TopK(int k) && k == 1;
        if ((one || task instanceof Task.Binary)
                && baseline.details().scored() >= ENOUGH
                && baseline.floatScore() < 0.5 / head.classes()) {
            doubts.add("The float model is right far less often than by chance: the labels may be numbered in another"
                    + " way, or belong to another output.");
        }
        return doubts;
    }

    /** The shapes of labels and output, a clause for a person. */
    String have() {
        String labels = data.labelShape()
                .map(s -> s.rank() == 0 ? "there is one label a sample" : "labels are " + s + " a sample")
                .or(() -> data.targetShape().map(s -> "floating labels are " + s + " a sample"))
                .orElse("there are no labels");
        return labels + ", the output " + output + " is " + shape + " a sample";
    }

    /** The label that no sample has, of a yes or no. */
    private Optional<String> missing() {
        boolean[] seen = new boolean[2];
        for (int i = 0; i < data.size(); i++) {
            int label = data.label(i);
            if (label == 0 || label == 1) {
                seen[label] = true;
            }
        }
        return seen[0] && seen[1]
                ? Optional.empty()
                : Optional.of("no sample is labelled " + (seen[0] ? 1 : 0) + ", and " + task.title()
                        + " compares positive with negative samples");
    }

    /** Why the task cannot be scored, a clause for a person; empty if it can. */
    Optional<String> refusal() {
        if (task instanceof Task.Detector && fit.refusal().isEmpty()) {
            return missing();
        }
        return task.needsLabels() ? fit.refusal() : Optional.empty();
    }

    /** A numbering of the labels under which the task could be scored. */
    Optional<LabelNumbers> remedy() {
        return task.needsLabels() ? fit.remedy() : Optional.empty();
    }

    /** @throws BadInputException if the task cannot be scored */
    Scoring checked() {
        refusal().ifPresent(why -> {
            throw new BadInputException(data.file(), "labels", why);
        });
        return this;
    }

    /** True if the task is about classes. */
    boolean hasClasses() {
        return switch (task) {
            case Task.Regression _, Task.Cosine _, Task.Deviation _, Task.BoxPrecision _ -> false;
            default -> true;
        };
    }

    private boolean hasPositions() {
        return task.needsPositions() || task instanceof Task.Each || task instanceof Task.Every;
    }

    /** True if each position has a label of its own, which may say that it is not scored. */
    private boolean hasLabels() {
        return fit.kind() == LabelFit.Kind.POSITIONS || fit.kind() == LabelFit.Kind.YES_OR_NO;
    }

    /** True if the figure is about decoded strings. */
    private boolean isString() {
        return task instanceof Task.CharacterErrors;
    }

    /** The blank of a CTC output. */
    private int blank() {
        int said = data.labelForm().blank();
        int blank = said < 0 ? head.classes() + said : said;
        if (blank < 0 || blank >= head.classes()) {
            throw new BadInputException(
                    data.file(), "ctc_blank", said + " is none of the " + head.classes() + " classes of " + output);
        }
        return blank;
    }

    private BadInputException unusable(int sample, String what) {
        return new BadInputException(
                data.file(), output, what + " for sample " + sample + "; there is no " + task.title() + " of that");
    }

    private @Nullable Pool pool(int total) {
        return switch (task) {
            case Task.MeanIou _ -> new OverlapPool(head.classes());
            case Task.Detector(Task.Curve curve) -> new RocPool(curve, total);
            case Task.BoxPrecision(Task.BoxRule rule) -> new BoxPool(rule);
            default -> null;
        };
    }

    /** The scored predictions of the float model for one batch. */
    static final class Reference {
        /** The class at each position of each sample; empty if the outputs are not classes. */
        private final int[] top;

        private final double[] scores;
        private final int[] weights;
        private final boolean[] exact;
        private final boolean[] notFinite;
        private final float[] probability;
        private final float[] margin;

        /** What each sample gives to a figure of all together; empty for other tasks. */
        private final Pool.Part[] parts;

        /** Null if they are too large to keep. */
        private final @Nullable Logits logits;

        private Reference(int rows, int positions, boolean pooled, @Nullable Logits logits) {
            this.parts = new Pool.Part[pooled ? rows : 0];
            this.top = new int[rows * positions];
            this.scores = new double[rows];
            this.weights = new int[rows];
            this.exact = new boolean[rows];
            this.notFinite = new boolean[rows];
            this.probability = new float[positions > 0 ? rows : 0];
            this.margin = new float[positions > 0 ? rows : 0];
            this.logits = logits;
        }

        /** The same without the outputs, which are too large to keep. */
        private Reference(Reference full) {
            this.parts = full.parts;
            this.top = full.top;
            this.scores = full.scores;
            this.weights = full.weights;
            this.exact = full.exact;
            this.notFinite = full.notFinite;
            this.probability = full.probability;
            this.margin = full.margin;
            this.logits = null;
        }

        int rows() {
            return scores.length;
        }

        boolean hasOutputs() {
            return logits != null;
        }

        Reference withoutOutputs() {
            return new Reference(this);
        }
    }

    private static final Pool.Part NOTHING = new Pool.Part() {};

    /** Scores rows of one batch. Used by one thread. */
    private final class Row {
        final int[] labels = new int[labelCount()];
        final int[] classes = new int[hasClasses() ? head.positions() : 0];
        final double[] logs = new double[head.classes()];
        final double[] floatLogs = new double[task instanceof Task.TokenDivergence ? head.classes() : 0];
        final float[] target = new float
                [task instanceof Task.Regression
                        ? head.rowValues()
                        : task instanceof Task.BoxPrecision
                                ? Math.toIntExact(
                                        data.targetShape().orElseThrow().count())
                                : 0];
        private final int[] string = new int
                [isString() ? Math.toIntExact(data.labelShape().orElseThrow().count()) : 0];
        private final int blank = isString() ? blank() : -1;
        /** What the sample gives to a figure of all together. */
        Pool.Part part = NOTHING;

        double score;
        /** What there is to be right in this sample: 1, the number of its scored positions, or 0. */
        int weight;

        boolean exact;
        float probability;
        float margin;

        private int labelCount() {
            return hasPositions()
                    ? head.positions()
                    : task instanceof Task.TopK || task instanceof Task.Binary || task instanceof Task.Detector ? 1 : 0;
        }

        /** True if the class at a position is scored. */
        boolean counts(int position) {
            return !hasPositions() || isString() || !hasLabels() || labels[position] != Dataset.UNSCORED;
        }

        void read(int sample, Logits outputs, int row, @Nullable Logits floats, int @Nullable [] floatClasses, int at) {
            if (isString() || (hasPositions() && !hasLabels())) {
                Arrays.fill(labels, Dataset.UNSCORED);
            } else if (hasPositions()) {
                data.labels(sample, labels);
            } else if (labels.length > 0) {
                labels[0] = data.label(sample);
            }
            for (int p = 0; p < classes.length; p++) {
                classes[p] = head.decide(outputs, row, p);
            }
            exact = false;
            weight = 1;
            switch (task) {
                case Task.TopK(int k) -> {
                    weight = labels[0] == Dataset.UNSCORED ? 0 : 1;
                    boolean right = k == 1 ? classes[0] == labels[0] : head.among(outputs, row, labels[0], k);
                    score = weight > 0 && right ? 1 : 0;
                }
                case Task.Binary _ -> {
                    weight = labels[0] == Dataset.UNSCORED ? 0 : 1;
                    score = classes[0] == labels[0] ? 1 : 0;
                }
                case Task.Each _, Task.Every _ -> {
                    int right = 0;
                    weight = 0;
                    for (int p = 0; p < labels.length; p++) {
                        weight += labels[p] == Dataset.UNSCORED ? 0 : 1;
                        right += labels[p] == classes[p] ? 1 : 0;
                    }
                    exact = weight > 0 && right == weight;
                    boolean each = task instanceof Task.Each;
                    score = each ? right : exact ? 1 : 0;
                    weight = each ? weight : Math.min(weight, 1);
                }
                case Task.Perplexity _ -> {
                    score = 0;
                    weight = 0;
                    exact = true;
                    for (int p = 0; p < labels.length; p++) {
                        if (labels[p] != Dataset.UNSCORED) {
                            head.logProbabilities(outputs, row, p, logs);
                            score -= logs[labels[p]];
                            weight++;
                            exact &= labels[p] == classes[p];
                        }
                    }
                    exact &= weight > 0;
                    if (!Double.isFinite(score)) {
                        throw unusable(sample, "gives NaN, or probability 0 to a label");
                    }
                }
                case Task.TokenDivergence _ -> {
                    score = 0;
                    weight = 0;
                    exact = hasLabels();
                    for (int p = 0; p < labels.length; p++) {
                        if (counts(p)) {
                            head.logProbabilities(needed(floats), row, p, floatLogs);
                            head.logProbabilities(outputs, row, p, logs);
                            score += Math.max(0, head.klDivergence(floatLogs, logs));
                            weight++;
                            exact &= labels[p] == classes[p];
                        }
                    }
                    exact &= weight > 0;
                    if (!Double.isFinite(score)) {
                        throw unusable(sample, "is not finite");
                    }
                }
                case Task.CharacterErrors _ -> readString(sample);
                case Task.MeanIou _ -> {
                    weight = 0;
                    exact = true;
                    for (int p = 0; p < labels.length; p++) {
                        if (labels[p] != Dataset.UNSCORED) {
                            weight++;
                            exact &= labels[p] == classes[p];
                            if (classes[p] < 0) {
                                throw unusable(sample, "is NaN");
                            }
                        }
                    }
                    exact &= weight > 0;
                    score = Double.NaN;
                    part = OverlapPool.Overlap.of(labels, classes);
                }
                case Task.Detector _ -> {
                    int from = row * head.rowValues();
                    float[] v = outputs.values();
                    float positive = head.values() == 1 ? v[from] : v[from + 1] - v[from];
                    if (!Float.isFinite(positive)) {
                        throw unusable(sample, "is not finite");
                    }
                    weight = labels[0] == Dataset.UNSCORED ? 0 : 1;
                    score = Double.NaN;
                    part = new RocPool.Scored(positive, labels[0] == 1);
                }
                case Task.BoxPrecision(Task.BoxRule rule) -> {
                    data.target(sample, target);
                    float[] v = outputs.values();
                    int from = row * head.rowValues();
                    for (int k = from; k < from + head.rowValues(); k++) {
                        if (!Float.isFinite(v[k])) {
                            throw unusable(sample, "is not finite");
                        }
                    }
                    score = Double.NaN;
                    part = BoxPool.read(rule, data.labelForm(), target, v, from, head.rowValues());
                }
                case Task.Agreement _ -> score = floatClasses == null || floatClasses[at] == classes[0] ? 1 : 0;
                case Task.Regression(Task.Loss loss) -> {
                    if (data.targetShape().isPresent()) {
                        data.target(sample, target);
                    } else {
                        target[0] = data.label(sample);
                    }
                    score = distance(outputs.values(), row * head.rowValues(), target, 0, loss);
                }
                case Task.Cosine _ -> score = cosine(outputs, needed(floats), row);
                case Task.Deviation _ ->
                    score = distance(
                            outputs.values(),
                            row * head.rowValues(),
                            needed(floats).values(),
                            row * head.rowValues(),
                            Task.Loss.ABSOLUTE);
            }
        }

        /** Turns the classes of the steps into a string and compares it with the labelled one. */
        private void readString(int sample) {
            for (int c : classes) {
                if (c < 0) {
                    throw unusable(sample, "is NaN");
                }
            }
            int length = BestPath.decode(classes, blank);
            data.labels(sample, string);
            int wanted = 0;
            for (int label : string) {
                if (label == blank) {
                    throw new BadInputException(
                            data.file(), "labels", "sample " + sample + " has the blank, " + blank + ", as a label");
                }
                if (label != Dataset.UNSCORED) {
                    string[wanted] = label;
                    labels[wanted++] = label;
                }
            }
            score = BestPath.edits(classes, length, string, wanted);
            weight = wanted;
            exact = score == 0;
        }

        /** The probability of some classes together, and the least margin, over the positions that are scored. */
        void judge(Logits outputs, int row, int[] of, int at) {
            double log = 0;
            margin = Float.POSITIVE_INFINITY;
            boolean known = !isString();
            for (int p = 0; p < classes.length; p++) {
                if (!counts(p)) {
                    continue;
                }
                head.logProbabilities(outputs, row, p, logs);
                known &= of[at + p] >= 0;
                log += of[at + p] < 0 ? 0 : logs[of[at + p]];
                margin = Math.min(margin, Scoring.margin(logs));
            }
            probability = known ? (float) Math.exp(log) : Float.NaN;
        }
    }

    /** Scores the float model's outputs of a batch. */
    Reference reference(int[] samples, Logits outputs) {
        Reference reference =
                new Reference(samples.length, hasClasses() ? head.positions() : 0, task.isPooled(), outputs);
        Row row = new Row();
        for (int i = 0; i < samples.length; i++) {
            row.read(samples[i], outputs, i, outputs, null, 0);
            reference.scores[i] = row.score;
            reference.weights[i] = row.weight;
            reference.exact[i] = row.exact;
            if (task.isPooled()) {
                reference.parts[i] = row.part;
            }
            for (int k = i * head.rowValues(); k < (i + 1) * head.rowValues(); k++) {
                reference.notFinite[i] |= !Float.isFinite(outputs.values()[k]);
            }
            if (hasClasses()) {
                System.arraycopy(row.classes, 0, reference.top, i * head.positions(), head.positions());
                row.judge(outputs, i, row.classes, 0);
                reference.probability[i] = row.probability;
                reference.margin[i] = row.margin;
            }
        }
        return reference;
    }

    private static Logits needed(@Nullable Logits floats) {
        if (floats == null) {
            throw new IllegalStateException("reference: the float outputs were not kept");
        }
        return floats;
    }

    private double distance(float[] a, int fromA, float[] b, int fromB, Task.Loss loss) {
        double sum = 0;
        for (int i = 0; i < head.rowValues(); i++) {
            double d = (double) a[fromA + i] - b[fromB + i];
            sum += switch (loss) {
                case SQUARED -> d * d;
                case ABSOLUTE -> Math.abs(d);
            };
        }
        return sum / head.rowValues();
    }

    private double cosine(Logits a, Logits b, int row) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = row * head.rowValues(); i < (row + 1) * head.rowValues(); i++) {
            double x = a.values()[i];
            double y = b.values()[i];
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
        return aa == 0 && bb == 0 ? 1 : aa == 0 || bb == 0 ? 0 : ab / Math.sqrt(aa) / Math.sqrt(bb);
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

    /** Begins to count the float model's own figure. */
    Baseline baseline(int total) {
        return new Baseline(total);
    }

    /** The running figure of the float model compared with itself. Used by one thread. */
    final class Baseline {
        private final int total;
        private final @Nullable Pool pool;
        private final ScoreSums sums = new ScoreSums(task);
        private @Nullable AccuracyEstimate last;
        private double sum;
        private long weights;
        private int seen;
        private int exact;
        private int some;
        private int notFinite;
        private double worst = Double.NaN;
        private int worstSample = -1;

        private Baseline(int total) {
            this.total = total;
            this.pool = pool(total);
        }

        void add(int[] samples, Reference reference) {
            for (int i = 0; i < reference.rows(); i++) {
                sum += reference.scores[i];
                weights += reference.weights[i];
                exact += reference.exact[i] ? 1 : 0;
                notFinite += reference.notFinite[i] ? 1 : 0;
                some += reference.weights[i] > 0 ? 1 : 0;
                sums.add(reference.scores[i], reference.scores[i], reference.weights[i]);
                double own = own(reference.scores[i], reference.weights[i]);
                if (isWorse(worst, own)) {
                    worst = own;
                    worstSample = samples[i];
                }
                if (pool != null && reference.weights[i] > 0) {
                    put(pool, samples[i], reference.parts[i], reference.parts[i]);
                }
            }
            seen += reference.rows();
        }

        /** As {@link Tally#estimate(boolean)}. */
        AccuracyEstimate estimate(boolean complete) {
            AccuracyEstimate known = last;
            if (pool == null || complete || known == null || seen >= 1.1 * known.seen()) {
                known = estimate();
                last = known;
            }
            return known;
        }

        private AccuracyEstimate estimate() {
            int n = Math.max(1, seen);
            Pool.Pooled pooled = pool == null ? null : pool.pooled();
            double mean = pooled != null ? pooled.ofFloat() : task.figure(sum / divisor(weights, seen));
            double least = task.isProportion() ? Double.NaN : worst;
            return new AccuracyEstimate(
                    task,
                    mean,
                    mean,
                    n,
                    total,
                    hasClasses() ? OptionalInt.of(n) : OptionalInt.empty(),
                    new PairedInterval(0, 0),
                    Double.POSITIVE_INFINITY,
                    hasClasses() ? OptionalDouble.of(0) : OptionalDouble.empty(),
                    new Details(
                            pooled != null ? pooled.scored() : scored(weights, n),
                            least,
                            least,
                            hasExact() ? Optional.of(new Exact(exact, exact, some)) : Optional.empty(),
                            hasClasses() && head.sumsBernoulli(),
                            Optional.empty(),
                            notFinite,
                            task.isProportion() || worstSample < 0 ? OptionalInt.empty() : OptionalInt.of(worstSample),
                            pooled != null ? Optional.of(pooled.intervals()) : sums.intervals(),
                            pooled != null ? pooled.classes() : List.of()));
        }
    }

    /** Begins to count two quantized models beside each other. */
    Between between(int total) {
        return new Between(total);
    }

    /** The running counts of two quantized models on the same samples. Used by one thread. */
    final class Between {
        private final Tally first;
        private final Tally second;
        private final Row row = new Row();
        private final ScoreSums sums = new ScoreSums(task);
        private final @Nullable Pool pool;
        private final List<SideBySide.Differing> differing = new ArrayList<>();
        private long gained;
        private long lost;
        private int same;

        private Between(int total) {
            pool = pool(total);
            first = tally(total);
            second = tally(total);
        }

        void add(int[] samples, Reference floats, Logits a, Logits b) {
            first.add(samples, floats, a);
            second.add(samples, floats, b);
            for (int i = 0; i < samples.length; i++) {
                int at = i * head.positions();
                row.read(samples[i], a, i, floats.logits, floats.top, at);
                double before = row.score;
                Pool.Part part = row.part;
                int[] classes = row.classes.clone();
                row.read(samples[i], b, i, floats.logits, floats.top, at);
                double after = row.score;
                boolean agree = true;
                for (int p = 0; p < classes.length; p++) {
                    agree &= !row.counts(p) || classes[p] == row.classes[p];
                }
                same += agree ? 1 : 0;
                sums.add(before, after, row.weight);
                if (pool != null && row.weight > 0) {
                    put(pool, samples[i], part, row.part);
                }
                gained += after > before ? 1 : 0;
                lost += after < before ? 1 : 0;
                if (task.isProportion() ? after != before : !agree) {
                    boolean one = classes.length == 1;
                    int label = data.hasLabels() ? data.label(samples[i]) : Dataset.UNSCORED;
                    differing.add(new SideBySide.Differing(
                            samples[i],
                            label == Dataset.UNSCORED ? OptionalInt.empty() : OptionalInt.of(label),
                            one ? OptionalInt.of(classes[0]) : OptionalInt.empty(),
                            one ? OptionalInt.of(row.classes[0]) : OptionalInt.empty(),
                            before,
                            after));
                }
            }
        }

        /** @param population true for all samples that there could be, false for those of the data */
        private PairedInterval interval(boolean population) {
            int total = first.records.sample.length;
            if (pool != null) {
                Pool.Pooled pooled = pool.pooled();
                return population ? pooled.difference() : pooled.difference(first.seen, total);
            }
            return population
                    ? sums.difference(Long.MAX_VALUE, Long.MAX_VALUE)
                    : sums.difference(total, task.needsLabels() ? fit.scored() : total);
        }

        SideBySide estimate() {
            return new SideBySide(
                    first.estimate(),
                    second.estimate(),
                    gained,
                    lost,
                    hasClasses() ? OptionalInt.of(same) : OptionalInt.empty(),
                    interval(false),
                    interval(true),
                    differing);
        }
    }

    /** What a sum of scores is divided by. */
    private double divisor(long weights, long seen) {
        return Math.max(1, task.isProportion() || task.isRatio() ? weights : seen);
    }

    private long scored(long weights, int seen) {
        return task.isProportion() || task.isRatio() ? weights : seen;
    }

    /** True if a sample is right as a whole or not. */
    private boolean hasExact() {
        return hasPositions() && (hasLabels() || isString());
    }

    /** The figure of a single sample; NaN if it has none. */
    private double own(double score, int weight) {
        return !task.isRatio() ? score : weight == 0 ? Double.NaN : task.figure(score / weight);
    }

    private void put(Pool pool, int sample, Pool.Part ofFloat, Pool.Part quantized) {
        try {
            pool.add(sample, ofFloat, quantized);
        } catch (BoxPool.TooMany e) {
            throw new BadInputException(
                    data.file(),
                    output,
                    "gives more than " + BoxPool.MOST + " detections; --limit takes fewer samples",
                    e);
        }
    }

    /** True if a score is worse than the worst so far, which is NaN at first. */
    private boolean isWorse(double worst, double score) {
        return Double.isNaN(worst) ? !Double.isNaN(score) : task.higherIsBetter() ? score < worst : score > worst;
    }

    /** Begins to count one evaluation. */
    Tally tally(int total) {
        return new Tally(total);
    }

    /** The running counts of one evaluation. Used by one thread. */
    final class Tally {
        private final SampleOutcomes.Records records;
        private final ScoreSums sums = new ScoreSums(task);
        private final @Nullable Pool pool;
        private @Nullable AccuracyEstimate last;
        private int worstSample = -1;
        private final Row row = new Row();
        private final double[] floatLogs = new double[head.classes()];
        private Spread.@Nullable Count spread;
        private double sum;
        private double floatSum;
        private long weights;
        private int some;
        private int agree;
        private int seen;
        private int exact;
        private int floatExact;
        private int notFinite;
        private double worst = Double.NaN;
        private double floatWorst = Double.NaN;
        private double signal;
        private double noise;
        private double klDivergence;
        private long compared;

        private Tally(int total) {
            pool = pool(total);
            records = new SampleOutcomes.Records(
                    total, hasClasses() ? head.classes() : 0, hasPositions() ? head.positions() : 1);
        }

        void add(int[] samples, Reference reference, Logits quantized) {
            for (int i = 0; i < samples.length; i++) {
                row.read(samples[i], quantized, i, reference.logits, reference.top, i * head.positions());
                double score = row.score;
                double was = reference.scores[i];
                sum += score;
                floatSum += was;
                weights += row.weight;
                some += row.weight > 0 ? 1 : 0;
                sums.add(was, score, row.weight);
                exact += row.exact ? 1 : 0;
                floatExact += reference.exact[i] ? 1 : 0;
                notFinite += reference.notFinite[i] ? 1 : 0;
                double own = own(score, row.weight);
                if (isWorse(worst, own)) {
                    worst = own;
                    worstSample = samples[i];
                }
                double ownOfFloat = own(was, row.weight);
                floatWorst = isWorse(floatWorst, ownOfFloat) ? ownOfFloat : floatWorst;
                if (pool != null && row.weight > 0) {
                    put(pool, samples[i], reference.parts[i], row.part);
                }
                int at = seen + i;
                records.sample[at] = samples[i];
                int label = data.hasLabels() ? data.label(samples[i]) : -1;
                records.label[at] = label == Dataset.UNSCORED ? -1 : label;
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
                if (task.comparesOutputs()) {
                    Spread.Count count = spread;
                    if (count == null) {
                        count = new Spread.Count(kept.shape());
                        spread = count;
                    }
                    count.add(f, q);
                }
            }
        }

        private void addClasses(int at, int i, Reference reference, Logits quantized) {
            int from = i * head.positions();
            boolean same = true;
            for (int p = 0; p < head.positions(); p++) {
                same &= !row.counts(p) || row.classes[p] == reference.top[from + p];
            }
            agree += same ? 1 : 0;
            if (hasPositions()) {
                records.putSequence(at, row.labels, reference.top, from, row.classes);
                records.floatClass[at] = -1;
                records.quantizedClass[at] = -1;
                records.change[at] = SampleOutcomes.Records.change(same, reference.exact[i], row.exact);
            } else {
                records.floatClass[at] = reference.top[from];
                records.quantizedClass[at] = row.classes[0];
            }
            records.floatOfFloat[at] = reference.probability[i];
            records.floatMargin[at] = reference.margin[i];
            row.judge(quantized, i, reference.top, from);
            records.quantizedOfFloat[at] = row.probability;
            row.judge(quantized, i, row.classes, 0);
            records.quantizedOfQuantized[at] = row.probability;
            records.quantizedMargin[at] = row.margin;
            records.floatOfQuantized[at] = same ? reference.probability[i] : Float.NaN;
            Logits kept = reference.logits;
            if (kept == null) {
                return;
            }
            row.judge(kept, i, row.classes, 0);
            records.floatOfQuantized[at] = row.probability;
            for (int p = 0; p < head.positions(); p++) {
                if (row.counts(p)) {
                    head.logProbabilities(kept, i, p, floatLogs);
                    head.logProbabilities(quantized, i, p, row.logs);
                    klDivergence += head.klDivergence(floatLogs, row.logs);
                    compared++;
                }
            }
        }

        AccuracyEstimate estimate() {
            int n = Math.max(1, seen);
            int total = records.sample.length;
            boolean share = task.isProportion();
            double of = divisor(weights, seen);
            Pool.Pooled pooled = pool == null ? null : pool.pooled();
            double score = pooled != null ? pooled.quantized() : task.figure(sum / of);
            double floatScore = pooled != null ? pooled.ofFloat() : task.figure(floatSum / of);
            PairedInterval interval = pooled != null
                    ? pooled.difference(seen, total)
                    : sums.difference(total, task.needsLabels() ? fit.scored() : total);
            double sqnr = noise == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
            double kl = compared == 0 ? Double.NaN : Math.max(0, klDivergence / compared);
            AccuracyEstimate estimate = new AccuracyEstimate(
                    task,
                    score,
                    floatScore,
                    n,
                    total,
                    hasClasses() ? OptionalInt.of(agree) : OptionalInt.empty(),
                    interval,
                    sqnr,
                    Double.isFinite(kl) ? OptionalDouble.of(kl) : OptionalDouble.empty(),
                    new Details(
                            pooled != null ? pooled.scored() : scored(weights, n),
                            share ? Double.NaN : worst,
                            share ? Double.NaN : floatWorst,
                            hasExact() ? Optional.of(new Exact(exact, floatExact, some)) : Optional.empty(),
                            hasClasses() && head.sumsBernoulli(),
                            spread == null ? Optional.empty() : spread.least(),
                            notFinite,
                            share || worstSample < 0 ? OptionalInt.empty() : OptionalInt.of(worstSample),
                            pooled != null ? Optional.of(pooled.intervals()) : sums.intervals(),
                            pooled != null ? pooled.classes() : List.of()));
            last = estimate;
            return estimate;
        }

        /**
         * The figure, which costs much for a figure of all samples together: while the evaluation is on its way it is
         * that of a moment ago, with its own count of samples, until there are a tenth more.
         *
         * @param complete true if no sample follows
         */
        AccuracyEstimate estimate(boolean complete) {
            AccuracyEstimate known = last;
            return pool == null || complete || known == null || seen >= 1.1 * known.seen() ? estimate() : known;
        }

        /** @param complete true if no sample follows */
        Evaluation evaluation(boolean complete) {
            return new Evaluation(estimate(complete), new SampleOutcomes(records, seen));
        }
    }
}
