package org.quantscope.core.lesson;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.correction.CorrectionUnavailableException;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.figure.FigureSource.Scene;
import org.quantscope.core.figure.FigureSources;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.lesson.Judge.Finding;
import org.quantscope.core.lesson.Lesson.Act;
import org.quantscope.core.lesson.Lesson.Answer;
import org.quantscope.core.lesson.Lesson.Attempt;
import org.quantscope.core.lesson.Lesson.Stage;
import org.quantscope.core.lesson.Lesson.Step;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Goes through a lesson as a person would: opens what a step opens, answers, does what the solution or a wrong block
 * says with the same edits that the window makes, and looks whether the goals are reached.
 */
public final class Robot implements AutoCloseable {
    private final Materials materials;
    private final Analysis analysis;
    private final FigureSources sources;
    private final Map<Form, Model> models = new HashMap<>();
    private final CancelToken cancel;

    /** Gives a stored model the form that a session wants: folded, corrected, with added quantizers. */
    @FunctionalInterface
    public interface Analysis {
        Model of(Model source, SessionState state, CancelToken cancel) throws IOException;
    }

    /** What one step came to. */
    public record Outcome(Step step, List<Finding> findings) {
        public Outcome {
            findings = List.copyOf(findings);
        }

        public boolean passed() {
            return findings.stream().allMatch(Finding::passed);
        }
    }

    /** A session as far as a lesson needs one. */
    private record Bench(
            Model source,
            SessionState state,
            Optional<TensorId> selected,
            Optional<Dataset> calibrationData,
            Optional<Dataset> evaluationData) {
        Bench with(SessionState other) {
            return new Bench(source, other, selected, calibrationData, evaluationData);
        }

        Bench with(TensorId id) {
            return new Bench(source, state, Optional.of(id), calibrationData, evaluationData);
        }
    }

    /**
     * @param evaluationSeed of the order of evaluation
     * @param threads how many batches to evaluate at once
     */
    public Robot(Materials materials, Analysis analysis, long evaluationSeed, int threads, CancelToken cancel) {
        this.materials = materials;
        this.analysis = analysis;
        this.sources = new FigureSources(evaluationSeed, threads);
        this.cancel = cancel;
    }

    /** The number of wrong blocks in a lesson. */
    public static int wrongs(Lesson lesson) {
        return lesson.steps().stream().mapToInt(s -> s.wrongs().size()).sum();
    }

    /**
     * Goes through a lesson by its solutions.
     *
     * @param wrong the number of the wrong block to follow in place of its step's solution, counted through the lesson
     *     from 1; the lesson ends behind that step. Empty for solutions only
     * @throws BadInputException if what a step names cannot be opened, or a figure does not exist
     */
    public List<Outcome> run(Lesson lesson, OptionalInt wrong) throws IOException {
        List<Outcome> outcomes = new ArrayList<>();
        Bench bench = null;
        int before = 0;
        for (Step step : lesson.steps()) {
            bench = opened(step, bench);
            int index = wrong.orElse(0) - before - 1;
            boolean failing =
                    wrong.isPresent() && index >= 0 && index < step.wrongs().size();
            Attempt attempt = failing ? filled(step.wrongs().get(index), step) : solution(step);
            Walked walked = walk(step, attempt, bench);
            outcomes.add(new Outcome(step, walked.findings));
            if (failing) {
                break;
            }
            bench = walked.after;
            before += step.wrongs().size();
        }
        return outcomes;
    }

    /** What is wrong with a lesson that can be read: solutions that do not pass, wrongs that do, figures that do not exist. */
    public List<Problem> check(Lesson lesson) throws IOException {
        List<Problem> problems = new ArrayList<>();
        Bench bench = null;
        for (Step step : lesson.steps()) {
            try {
                bench = opened(step, bench);
                for (Attempt wrong : step.wrongs()) {
                    Walked walked = walk(step, filled(wrong, step), bench);
                    if (walked.findings.stream().allMatch(Finding::passed)) {
                        problems.add(new Problem(lesson.file(), wrong.line(), "this wrong block passes the step"));
                    }
                }
                Attempt solution = solution(step);
                int line = step.solution().map(Attempt::line).orElse(step.line());
                if (!solution.acts().isEmpty() && reachedUntouched(step, bench)) {
                    problems.add(new Problem(
                            lesson.file(), line, "the goals are reached before anything of the solution is done"));
                }
                Walked walked = walk(step, solution, bench);
                walked.findings.stream()
                        .filter(f -> !f.passed())
                        .forEach(f -> problems.add(new Problem(
                                lesson.file(),
                                line,
                                "the solution does not pass \"" + f.goal() + "\""
                                        + (f.figure().isEmpty() ? "" : ": " + f.figure() + " is " + said(f.value())))));
                Judge judge = judge(bench);
                Judge after = judge(walked.after);
                for (String missing : judge.missing(step.text())) {
                    problems.add(missing(lesson, step, missing));
                }
                step.reveal().ifPresent(r -> {
                    after.missing(r.text()).forEach(missing -> problems.add(missing(lesson, step, missing)));
                    after.fill(r);
                });
                bench = walked.after;
            } catch (BadInputException e) {
                problems.add(new Problem(lesson.file(), step.line(), String.valueOf(e.getMessage())));
                return problems;
            }
        }
        return problems;
    }

    private boolean reachedUntouched(Step step, Bench begin) throws IOException {
        if (step.goals().isEmpty()) {
            return false;
        }
        Bench shown = step.reveal().isPresent() ? done(step.reveal().get().acts(), begin) : begin;
        Judge judge = judge(shown);
        return step.goals().stream().allMatch(goal -> judge.judge(goal).passed());
    }

    /** What is said in each step by its solution. */
    public static Map<Integer, Sheet.Said> solutions(Lesson lesson) {
        Map<Integer, Sheet.Said> said = new HashMap<>();
        for (int i = 0; i < lesson.steps().size(); i++) {
            Attempt by = solution(lesson.steps().get(i));
            said.put(i, new Sheet.Said(by.answer(), OptionalInt.empty(), by.why(), false));
        }
        return said;
    }

    /**
     * What is to be handed in: for each step what was said, and what is true. Goes through the lesson by its solutions.
     *
     * @param said by index of the step, from 0
     * @param left the settings with which a person left a step with all its goals reached, by index of the step; where there
     *     are none the solution's are shown, and the sheet says so
     */
    public List<Sheet.Line> sheet(Lesson lesson, Map<Integer, Sheet.Said> said, Map<Integer, SessionState> left)
            throws IOException {
        List<Sheet.Line> lines = new ArrayList<>();
        Bench bench = null;
        for (Step step : lesson.steps()) {
            bench = opened(step, bench);
            Sheet.Said by = said.getOrDefault(lines.size(), Sheet.Said.NOTHING);
            Judge before = judge(bench);
            Walked walked = walk(step, solution(step), bench);
            SessionState own = left.get(lines.size());
            Judge after = judge(own == null ? walked.after : walked.after.with(own));
            Bench revealed =
                    step.reveal().isPresent() ? done(step.reveal().get().acts(), bench) : bench;
            Judge then = judge(revealed);
            lines.add(new Sheet.Line(
                    step,
                    by,
                    step.prediction().flatMap(p -> by.answer().map(a -> before.judge(p, a))),
                    step.prediction()
                            .flatMap(p -> by.answer().map(a -> Sheet.words(p, a)))
                            .orElse(""),
                    step.prediction().map(p -> before.say(p, before.truth(p))).orElse(""),
                    step.reveal().map(then::fill).orElse(""),
                    step.goals().stream().map(after::judge).toList(),
                    own != null,
                    after.sentences(),
                    after.picture()));
            bench = walked.after;
        }
        return lines;
    }

    private static Problem missing(Lesson lesson, Step step, String figure) {
        return new Problem(lesson.file(), step.line(), "{{" + figure + "}} does not exist for what the step has open");
    }

    private static String said(OptionalDouble value) {
        return value.isPresent() ? Judge.number(value.getAsDouble()) : "not there";
    }

    private static Attempt solution(Step step) {
        return step.solution().orElse(new Attempt(List.of(), Optional.empty(), OptionalInt.empty(), step.line()));
    }

    /** A wrong block goes wrong where it says something; the rest is as in the solution. */
    private static Attempt filled(Attempt wrong, Step step) {
        Attempt right = solution(step);
        return new Attempt(
                wrong.acts().isEmpty() ? right.acts() : wrong.acts(),
                wrong.answer().or(right::answer),
                wrong.why().isPresent() ? wrong.why() : right.why(),
                wrong.line());
    }

    private record Walked(List<Finding> findings, Bench after) {}

    private Walked walk(Step step, Attempt attempt, Bench begin) throws IOException {
        List<Finding> findings = new ArrayList<>();
        Bench bench = begin;
        if (step.prediction().isPresent()) {
            Optional<Answer> answer = attempt.answer();
            findings.add(
                    answer.isPresent()
                            ? judge(bench).judge(step.prediction().get(), answer.get())
                            : new Finding(step.prediction().get().question(), "", OptionalDouble.empty(), "", false));
        }
        if (step.reveal().isPresent()) {
            bench = done(step.reveal().get().acts(), bench);
        }
        bench = done(attempt.acts(), bench);
        if (!step.goals().isEmpty()) {
            Judge judge = judge(bench);
            step.goals().forEach(goal -> findings.add(judge.judge(goal)));
        }
        step.why()
                .ifPresent(why -> findings.add(
                        attempt.why().isPresent()
                                ? Judge.judge(
                                        why, why.reasons().get(attempt.why().getAsInt()))
                                : new Finding(why.question(), "", OptionalDouble.empty(), "", false)));
        return new Walked(findings, bench);
    }

    private Bench opened(Step step, @Nullable Bench before) throws IOException {
        Stage stage = step.stage().orElse(null);
        if (stage == null) {
            if (before == null) {
                throw new BadInputException("", "stage", "the first step opens nothing");
            }
            return before;
        }
        Model source = materials.model(stage);
        Optional<Dataset> calibration = materials.data(stage.calibrationData());
        SessionState state =
                SessionState.of(materials.reference(source, cancel)).withCalibrationData(calibration.map(FileRef::of));
        Optional<TensorId> first = source.tensors().size() == 1
                ? Optional.of(source.tensors().getFirst()).map(Tensor::id)
                : Optional.empty();
        Bench bench = new Bench(source, state, first, calibration, materials.data(stage.data()));
        return done(stage.acts(), bench);
    }

    private Bench done(List<Act> acts, Bench begin) throws IOException {
        Bench bench = begin;
        for (Act act : acts) {
            Model model = model(bench);
            try {
                bench = switch (act) {
                    case Act.Select select -> bench.with(Acts.selection(select, model));
                    case Act.GiveBits(double bits) -> bench.with(sources.within(scene(bench), bits));
                    case Act.Correct correct
                    when Acts.trains(correct) ->
                        bench.with(Acts.learned(
                                        correct,
                                        bench.state,
                                        sources.corrected(scene(bench), correct.correction(), correct.options()))
                                .apply(bench.state));
                    default ->
                        bench.with(Acts.edit(act, model, bench.state, bench.selected)
                                .apply(bench.state));
                };
            } catch (IllegalArgumentException e) {
                throw new BadInputException("", "settings", String.valueOf(e.getMessage()));
            }
        }
        return bench;
    }

    private Model model(Bench bench) throws IOException {
        return model(bench.source, bench.state);
    }

    /** What decides on the form of a model; two files are never one because the paths differ. */
    private record Form(
            Path file, String format, boolean folded, List<AppliedCorrection> corrections, Set<TensorId> quantizers) {}

    private Model model(Model source, SessionState state) throws IOException {
        Form form = new Form(
                source.file(), source.format(), state.foldBatchNorm(), state.corrections(), state.addedQuantizers());
        Model known = models.get(form);
        if (known == null) {
            try {
                known = analysis.of(source, state, cancel);
            } catch (CorrectionUnavailableException e) {
                throw new BadInputException("", "correct", String.valueOf(e.getMessage()));
            }
            models.put(form, known);
        }
        return known;
    }

    private Scene scene(Bench bench) throws IOException {
        return new Scene(
                model(bench),
                model(bench.source, bench.state.withCorrections(List.of())),
                bench.state,
                bench.selected,
                Calibration.NONE,
                bench.calibrationData,
                bench.evaluationData);
    }

    private Judge judge(Bench bench) throws IOException {
        return new Judge(scene(bench), sources, cancel);
    }

    /** Closes what figures were computed with. */
    @Override
    public void close() {
        sources.close();
    }
}
