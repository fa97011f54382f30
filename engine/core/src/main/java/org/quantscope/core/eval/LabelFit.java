package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.LabelMisfit;
import org.quantscope.core.dataset.LabelNumbers;
import org.quantscope.core.tensor.Shape;

/**
 * How the labels of a data set are read for one output of a model.
 *
 * @param kind what they are
 * @param head how the output is read beside them
 * @param problem why they cannot be scored, a clause for a person; empty if they can
 * @param remedy a numbering of the labels under which they could be; empty if none is known
 * @param notes what a person should know about the reading, in sentences
 * @param scored samples with anything to score
 * @param yesOrNo true if every scored label is 0 or 1
 */
record LabelFit(
        Kind kind,
        Head head,
        Optional<String> problem,
        Optional<LabelNumbers> remedy,
        List<String> notes,
        int scored,
        boolean yesOrNo) {
    enum Kind {
        /** There are no labels. */
        NONE,
        /** One class for each sample. */
        CLASS,
        /** A class for each position of a sample. */
        POSITIONS,
        /** A yes or no for each output. */
        YES_OR_NO,
        /** Floating numbers, one for each output. */
        TARGETS,
        /** A string of classes, for an output with more steps. */
        STRING,
        /** Boxes with a class, for an output of detections. */
        BOXES
    }

    /** With this many times more outputs than classes in the labels, a person should look. */
    private static final int MANY = 8;

    /** What the labels hold. */
    private record Facts(int max, int scoredSamples, long unscored, boolean yesOrNo) {
        static Facts of(Dataset data) {
            int[] one = new int[Math.toIntExact(data.labelShape().orElseThrow().count())];
            int max = -1;
            int samples = 0;
            long unscored = 0;
            boolean yesOrNo = true;
            for (int i = 0; i < data.size(); i++) {
                data.labels(i, one);
                boolean some = false;
                for (int label : one) {
                    if (label == Dataset.UNSCORED) {
                        unscored++;
                    } else {
                        some = true;
                        max = Math.max(max, label);
                        yesOrNo &= label == 0 || label == 1;
                    }
                }
                samples += some ? 1 : 0;
            }
            return new Facts(max, samples, unscored, yesOrNo);
        }
    }

    /**
     * Reads the labels.
     *
     * @param output the name of the output
     * @param operator the operator that computes it
     */
    static LabelFit of(Dataset data, Logits first, String output, String operator) {
        Head whole = Head.whole(first, operator);
        Optional<Shape> labels = data.labelShape();
        Optional<Shape> targets = data.targetShape();
        if (targets.isPresent() && isRows(targets.get(), BoxPool.LABEL) && isRows(first.shape(), BoxPool.DETECTION)) {
            return boxes(data, whole);
        }
        if (labels.isEmpty()) {
            if (targets.isEmpty()) {
                return new LabelFit(
                        Kind.NONE, whole, Optional.empty(), Optional.empty(), List.of(), data.size(), false);
            }
            return targets(data, whole);
        }
        Facts facts = Facts.of(data);
        List<String> notes = new ArrayList<>();
        if (facts.unscored > 0) {
            notes.add(
                    facts.unscored == 1
                            ? "1 label is not scored, as the data says."
                            : String.format(
                                    Locale.ROOT, "%,d labels are not scored, as the data says.", facts.unscored));
        }
        if (facts.scoredSamples == 0) {
            return refused(Kind.CLASS, whole, "every label is one that is not scored", Optional.empty(), facts, notes);
        }
        Shape shape = labels.get();
        boolean floating = targets.isPresent();
        // Rows with a single 1 are one class, if there is an output for each of their columns.
        if (data.hasLabels() && whole.vector() && (shape.rank() == 0 || shape.count() == whole.values())) {
            return single(data, whole, output, shape, floating, facts, notes);
        }
        Optional<Head> positions = Head.positions(first, shape, operator).filter(h -> h.values() > 1);
        if (positions.isPresent()) {
            return fit(Kind.POSITIONS, positions.get(), data, output, facts, notes);
        }
        if (shape.rank() == 1 && first.shape().rank() == 2 && first.shape().dim(0) > shape.dim(0)) {
            Head steps = Head.positions(first, Shape.of(first.shape().dim(0)), operator)
                    .orElseThrow();
            return fit(Kind.STRING, steps, data, output, facts, notes);
        }
        boolean alike = shape.rank() > 0 && Arrays.equals(first.shape().toArray(), shape.toArray());
        if (alike && facts.yesOrNo) {
            return new LabelFit(
                    Kind.YES_OR_NO,
                    Head.yesOrNo(first, operator),
                    Optional.empty(),
                    Optional.empty(),
                    notes,
                    facts.scoredSamples,
                    true);
        }
        if (floating) {
            return targets(data, whole);
        }
        String problem =
                (shape.rank() == 0 ? "there is one label for each sample" : "labels are " + shape + " a sample")
                        + ", and the output " + output + " is " + first.shape()
                        + " a sample: there is neither a value for each class, nor one for each class and position,"
                        + (isRows(shape, BoxPool.LABEL) && isRows(first.shape(), BoxPool.DETECTION)
                                ? " (boxes are floating numbers)"
                                : "")
                        + " nor a yes or no for each label";
        return refused(Kind.CLASS, whole, problem, Optional.empty(), facts, notes);
    }

    /** True for rows of so many numbers; a single row may have lost its dimension. */
    private static boolean isRows(Shape shape, int numbers) {
        return shape.rank() > 0 && shape.rank() <= 2 && shape.dim(shape.rank() - 1) == numbers;
    }

    private static LabelFit boxes(Dataset data, Head whole) {
        float[] one = new float[Math.toIntExact(data.targetShape().orElseThrow().count())];
        int some = 0;
        Optional<String> problem = Optional.empty();
        for (int i = 0; i < data.size(); i++) {
            data.target(i, one);
            boolean any = false;
            for (int k = 0; k < one.length; k += BoxPool.LABEL) {
                float label = one[k + 4];
                any |= label >= 0;
                if (label != Math.rint(label) && problem.isEmpty()) {
                    problem = Optional.of("box " + k / BoxPool.LABEL + " of sample " + i + " has the class " + label
                            + ", a whole number is needed");
                }
            }
            some += any ? 1 : 0;
        }
        if (some == 0) {
            problem = Optional.of("no sample has a labelled box");
        }
        String labelled = data.labelForm().boxes().id();
        String given = data.labelForm().outputBoxes().id();
        return new LabelFit(
                Kind.BOXES,
                whole,
                problem,
                Optional.empty(),
                List.of("Labels are boxes (" + labelled + ", class), outputs are detections (" + given
                        + ", score, class); a negative class is padding."),
                some,
                false);
    }

    private static LabelFit single(
            Dataset data, Head whole, String output, Shape shape, boolean floating, Facts facts, List<String> notes) {
        if (shape.rank() > 0) {
            notes.add("Labels are rows with a single 1; its place is the class.");
        } else if (floating && (whole.values() > 1 || facts.yesOrNo)) {
            notes.add("Labels are floating whole numbers, read as classes.");
        }
        if (whole.values() > 1) {
            if (whole.values() >= MANY * (facts.max + 1) && data.classes().size() != whole.values()) {
                notes.add("Labels name classes up to " + facts.max + ", and the output " + output + " has "
                        + whole.values() + " values: check that it is the output of the classes.");
            }
            if (shape.rank() > 0) {
                return accepted(Kind.CLASS, whole, facts, notes);
            }
            return fit(Kind.CLASS, whole, data, output, facts, notes);
        }
        if (facts.yesOrNo) {
            return accepted(Kind.CLASS, whole, facts, notes);
        }
        // A single value beside other numbers is a regression, unless it is a probability.
        if (whole.form() != Head.Form.LOGITS) {
            return fit(Kind.CLASS, whole, data, output, facts, notes);
        }
        return floating ? targets(data, whole) : accepted(Kind.CLASS, whole, facts, notes);
    }

    /** Labels that must be classes of the head. */
    private static LabelFit fit(Kind kind, Head head, Dataset data, String output, Facts facts, List<String> notes) {
        Optional<LabelMisfit> misfit = LabelMisfit.of(data, head.classes());
        return misfit.isEmpty()
                ? accepted(kind, head, facts, notes)
                : refused(
                        kind,
                        head,
                        misfit.get().problem() + ", and the output " + output + " has " + head.classes() + " classes"
                                + misfit.get().advice().map(a -> "; " + a).orElse(""),
                        misfit.get().remedy(),
                        facts,
                        notes);
    }

    private static LabelFit targets(Dataset data, Head whole) {
        long targets = data.targetShape().orElseThrow().count();
        return new LabelFit(
                Kind.TARGETS,
                whole,
                targets == whole.values()
                        ? Optional.empty()
                        : Optional.of("each sample has " + targets + " targets, the model has " + whole.values()
                                + " outputs a sample"),
                Optional.empty(),
                List.of(),
                data.size(),
                false);
    }

    private static LabelFit accepted(Kind kind, Head head, Facts facts, List<String> notes) {
        return new LabelFit(kind, head, Optional.empty(), Optional.empty(), notes, facts.scoredSamples, facts.yesOrNo);
    }

    private static LabelFit refused(
            Kind kind, Head head, String problem, Optional<LabelNumbers> remedy, Facts facts, List<String> notes) {
        return new LabelFit(kind, head, Optional.of(problem), remedy, notes, facts.scoredSamples, facts.yesOrNo);
    }

    /**
     * The tasks that compare with the labels; the one that fits best comes first.
     *
     * @param floating true if the labels are floating numbers
     * @param text true if a sample is a row of positions, and not a picture of them
     */
    List<Task> tasks(boolean floating, boolean text) {
        List<Task> tasks = new ArrayList<>();
        switch (kind) {
            case NONE -> {}
            case CLASS -> {
                if (head.values() > 2 || (problem.isPresent() && head.values() != 2)) {
                    tasks.add(new Task.TopK(1));
                    if (head.values() > 5) {
                        tasks.add(new Task.TopK(5));
                    }
                } else if (head.values() == 2 || yesOrNo) {
                    tasks.add(new Task.Binary());
                    tasks.add(new Task.Detector(Task.Curve.AUC));
                    tasks.add(new Task.Detector(Task.Curve.EER));
                }
            }
            case POSITIONS -> {
                tasks.add(new Task.Each(Task.Unit.POSITION));
                tasks.add(new Task.Every(Task.Unit.POSITION));
                if (text && head.form() != Head.Form.SCORES) {
                    tasks.add(new Task.Perplexity());
                }
                if (head.values() <= OverlapPool.MOST_CLASSES) {
                    tasks.add(new Task.MeanIou());
                }
            }
            case STRING -> tasks.add(new Task.CharacterErrors());
            case BOXES -> {
                for (Task.BoxRule rule : Task.BoxRule.values()) {
                    tasks.add(new Task.BoxPrecision(rule));
                }
            }
            case YES_OR_NO -> {
                tasks.add(new Task.Each(Task.Unit.LABEL));
                tasks.add(new Task.Every(Task.Unit.LABEL));
            }
            case TARGETS -> {}
        }
        boolean numbers = kind == Kind.TARGETS
                || (kind == Kind.CLASS && head.values() == 1)
                || (kind == Kind.YES_OR_NO && floating);
        if (numbers) {
            tasks.add(new Task.Regression(Task.Loss.SQUARED));
            tasks.add(new Task.Regression(Task.Loss.ABSOLUTE));
        }
        return tasks;
    }

    /** The problem as it is told when a score with labels is asked for. */
    Optional<String> refusal() {
        return problem.map(p -> p + "; cosine and float-mae need no labels");
    }
}
