package org.quantscope.app.lesson;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.SessionViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Staged;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.figure.FigureSource.Scene;
import org.quantscope.core.figure.FigureSources;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.lesson.Acts;
import org.quantscope.core.lesson.Judge;
import org.quantscope.core.lesson.Judge.Finding;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.Lesson.Act;
import org.quantscope.core.lesson.Lesson.Answer;
import org.quantscope.core.lesson.Lesson.Card;
import org.quantscope.core.lesson.Lesson.Prediction;
import org.quantscope.core.lesson.Lesson.Stage;
import org.quantscope.core.lesson.Lesson.Step;
import org.quantscope.core.lesson.Materials;
import org.quantscope.core.lesson.Robot;
import org.quantscope.core.lesson.Sheet;
import org.quantscope.core.lesson.Sheet.Said;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.synthetic.SyntheticFile;
import org.quantscope.core.synthetic.SyntheticTensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A lesson that is going on. Each step asks first, shows then, and asks why at the end; never in another order. The
 * session that was open before is kept and given back.
 */
public final class LessonViewModel {
    /** Where a step stands. */
    public enum Phase {
        /** What the step opens is being read. */
        OPENING,
        /** The prediction is still to be made; what the step covers is covered. */
        ASKING,
        /** The truth is being computed. */
        JUDGING,
        /** Everything is shown. */
        SHOWN
    }

    /**
     * What to show.
     *
     * @param step index of the step, from 0
     * @param answer that was given to the prediction
     * @param sure index in {@link Sheet#SURENESS}
     * @param right whether the answer was right; empty before
     * @param truth the true answer as text
     * @param reveal Markdown with its figures
     * @param goals those of the step, with whether they are reached now
     * @param reason index of the reason that was chosen
     * @param hints how many hints have been asked for
     * @param skipped numbers of the steps that were skipped, from 1
     * @param finished true behind the last step
     */
    public record View(
            Lesson lesson,
            int step,
            Phase phase,
            Optional<Answer> answer,
            int sure,
            Optional<Boolean> right,
            String truth,
            String reveal,
            List<Finding> goals,
            OptionalInt reason,
            int hints,
            Set<Integer> skipped,
            boolean finished) {
        public Step current() {
            return lesson.steps().get(step);
        }

        /** True if nothing is left to do in this step. */
        public boolean done() {
            boolean why = current().why().isEmpty()
                    || (reason.isPresent()
                            && current()
                                    .why()
                                    .get()
                                    .reasons()
                                    .get(reason.getAsInt())
                                    .right());
            return phase == Phase.SHOWN
                    && why
                    && goals.size() == current().goals().size()
                    && goals.stream().allMatch(Finding::passed);
        }

        /** The cards that are covered now: until the answer, those of the step's stage or else of the last one before. */
        public Set<Card> covered() {
            return phase == Phase.SHOWN ? Set.of() : stage(lesson, step).covered();
        }

        /** The cards that the step does not need, as long as it lasts. */
        public Set<Card> faded() {
            return stage(lesson, step).faded();
        }

        private View at(Phase next) {
            return new View(
                    lesson, step, next, answer, sure, right, truth, reveal, goals, reason, hints, skipped, finished);
        }
    }

    /** What the engine has found out about an answer. */
    private record Judged(boolean right, String truth) {}

    /** What is shown after an answer. */
    private record Shown(String reveal, List<Finding> goals) {}

    private final Workbench bench;
    private final SessionViewModel session;
    private final SelectedTensor selected;
    private final Settings settings;
    private final Background background;
    private final LatestWins<Staged> opening;
    private final LatestWins<Judged> judging;
    private final LatestWins<Shown> showing;
    private final LatestWins<Path> sheets;
    private final LatestWins<SessionState> searching;
    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());
    private Workbench.@Nullable Kept kept;
    /** What was said in each step of the lesson that is going on, by index from 0. */
    private Map<Integer, Said> said = new TreeMap<>();
    /** The settings with which steps with goals were left in this sitting. */
    private final Map<Integer, SessionState> left = new TreeMap<>();

    private List<Path> folders = List.of();
    private Materials materials = new Materials(List.of());
    /** Figures of the lesson that is going on. */
    private FigureSources sources = new FigureSources(Engine.EVALUATION_SEED, 1);

    public LessonViewModel(
            Workbench bench,
            SessionViewModel session,
            SelectedTensor selected,
            Settings settings,
            Background background) {
        this.bench = bench;
        this.session = session;
        this.selected = selected;
        this.settings = settings;
        this.background = background;
        this.opening = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.judging = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.showing = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.sheets = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.searching = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.stateProperty().subscribe(s -> refresh());
        bench.selectionProperty().subscribe(s -> refresh());
    }

    /**
     * Begins a lesson, at the step where it was left.
     *
     * @param folder where the lesson's own files are; empty for a bundled one
     */
    public void start(Lesson lesson, Optional<Path> folder) {
        leave();
        folders = new ArrayList<>(folder.stream().toList());
        Materials.samples().ifPresent(folders::add);
        materials = new Materials(folders);
        kept = bench.keep();
        session.borrow(Optional.of(this::leave));
        Progress progress = Progress.parse(settings.text(key(lesson)).orElse(""), lesson);
        said = new TreeMap<>(progress.said());
        left.clear();
        begin(lesson, progress.step(), progress.skipped());
    }

    /** Goes back to the first step and forgets what was skipped. */
    public void startOver() {
        view.get().ifPresent(v -> {
            said.clear();
            left.clear();
            begin(v.lesson(), 0, Set.of());
        });
    }

    /** Ends the lesson; the session that was open before is open again, with its undo steps. */
    public void leave() {
        if (kept == null) {
            return;
        }
        Workbench.Kept back = kept;
        kept = null;
        opening.cancel();
        judging.cancel();
        showing.cancel();
        searching.cancel();
        view.set(Optional.empty());
        FigureSources done = sources;
        sources = new FigureSources(Engine.EVALUATION_SEED, 1);
        background.work().execute(done::close);
        bench.giveBack(back);
        session.borrow(Optional.empty());
    }

    /** Answers the prediction of the step; what is true is shown as soon as it is computed. */
    public void answer(Answer answer, int sure) {
        View v = view.get().filter(s -> s.phase() == Phase.ASKING).orElse(null);
        if (v == null || v.current().prediction().isEmpty()) {
            return;
        }
        Prediction prediction = v.current().prediction().get();
        remember(v, new Said(Optional.of(answer), OptionalInt.of(sure), OptionalInt.empty(), false));
        view.set(Optional.of(new View(
                v.lesson,
                v.step,
                Phase.JUDGING,
                Optional.of(answer),
                sure,
                Optional.empty(),
                "",
                "",
                List.of(),
                OptionalInt.empty(),
                v.hints,
                v.skipped,
                false)));
        Optional<Scene> scene = scene();
        if (scene.isEmpty()) {
            return;
        }
        FigureSources with = sources;
        judging.submit(
                (cancel, partial) -> {
                    Judge judge = new Judge(scene.get(), with, cancel);
                    boolean right = judge.judge(prediction, answer).passed();
                    return new Judged(right, judge.say(prediction, judge.truth(prediction)));
                },
                this::judged,
                e -> fail(e));
    }

    private void judged(Judged found) {
        view.get().filter(v -> v.phase() == Phase.JUDGING).ifPresent(v -> {
            view.set(Optional.of(new View(
                    v.lesson,
                    v.step,
                    Phase.SHOWN,
                    v.answer,
                    v.sure,
                    Optional.of(found.right),
                    found.truth,
                    "",
                    List.of(),
                    OptionalInt.empty(),
                    v.hints,
                    v.skipped,
                    false)));
            v.current().reveal().ifPresent(r -> perform(r.acts()));
            refresh();
        });
    }

    /** The upper end of the range, as an answer to a handle that is to be placed. */
    public Optional<Answer> handle() {
        return selected.viewProperty()
                .get()
                .flatMap(SelectedTensor.View::clip)
                .map(clip -> new Answer.Figure(clip.hi()));
    }

    /** Chooses an answer to the why. */
    public void choose(int reason) {
        view.get().filter(v -> v.phase() == Phase.SHOWN).ifPresent(v -> {
            Said before = said.getOrDefault(v.step, Said.NOTHING);
            remember(v, new Said(before.answer(), before.sure(), OptionalInt.of(reason), false));
        });
        view.get()
                .filter(v -> v.phase() == Phase.SHOWN)
                .ifPresent(v -> view.set(Optional.of(new View(
                        v.lesson,
                        v.step,
                        v.phase,
                        v.answer,
                        v.sure,
                        v.right,
                        v.truth,
                        v.reveal,
                        v.goals,
                        OptionalInt.of(reason),
                        v.hints,
                        v.skipped,
                        v.finished))));
    }

    /** Shows one more hint. */
    public void hint() {
        view.get()
                .filter(v -> v.hints < v.current().hints().size())
                .ifPresent(v -> view.set(Optional.of(new View(
                        v.lesson,
                        v.step,
                        v.phase,
                        v.answer,
                        v.sure,
                        v.right,
                        v.truth,
                        v.reveal,
                        v.goals,
                        v.reason,
                        v.hints + 1,
                        v.skipped,
                        v.finished))));
    }

    /** Goes on, if nothing is left to do in this step. */
    public void next() {
        view.get().filter(View::done).ifPresent(v -> {
            if (!v.current().goals().isEmpty()) {
                bench.stateProperty().get().ifPresent(state -> left.put(v.step, state));
            }
            forward(v, v.skipped);
        });
    }

    /** Goes on without having done the step; this is recorded. */
    public void skip() {
        view.get().filter(v -> !v.finished).ifPresent(v -> {
            Set<Integer> skipped = new TreeSet<>(v.skipped);
            skipped.add(v.step + 1);
            Said before = said.getOrDefault(v.step, Said.NOTHING);
            said.put(v.step, new Said(before.answer(), before.sure(), before.why(), true));
            forward(v, skipped);
        });
    }

    /** Back to the step before. */
    public void back() {
        view.get()
                .filter(v -> v.step > 0 || v.finished)
                .ifPresent(v -> begin(v.lesson, v.finished ? v.step : v.step - 1, v.skipped));
    }

    private void forward(View v, Set<Integer> skipped) {
        if (v.step + 1 < v.lesson.steps().size()) {
            begin(v.lesson, v.step + 1, skipped);
        } else {
            settings.setText(key(v.lesson), new Progress(0, skipped, said).text());
            view.set(Optional.of(new View(
                    v.lesson,
                    v.step,
                    Phase.SHOWN,
                    v.answer,
                    v.sure,
                    v.right,
                    v.truth,
                    v.reveal,
                    v.goals,
                    v.reason,
                    v.hints,
                    skipped,
                    true)));
        }
    }

    private void remember(View v, Said now) {
        said.put(v.step, now);
        settings.setText(key(v.lesson), new Progress(v.step, v.skipped, said).text());
    }

    /**
     * Writes the sheet to hand in. What is true is computed anew, so it also holds what was said in earlier sittings.
     *
     * @param name as typed in; may be empty
     */
    public void writeSheet(Path file, String name) {
        View v = view.get().orElse(null);
        if (v == null) {
            return;
        }
        Map<Integer, Said> all = Map.copyOf(said);
        Map<Integer, SessionState> reached = Map.copyOf(left);
        Materials from = new Materials(folders);
        String date = LocalDate.now(ZoneId.systemDefault()).toString();
        sheets.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle _ = background.start("Sheet of " + v.lesson.title(), cancel);
                            Robot robot = new Robot(
                                    from,
                                    (source, state, token) -> Engine.analysed(
                                            source, state, org.quantscope.core.job.Progress.NONE, token),
                                    Engine.EVALUATION_SEED,
                                    1,
                                    cancel)) {
                        Sheet sheet = new Sheet(v.lesson, name, date, robot.sheet(v.lesson, all, reached));
                        AtomicFile.write(file, out -> out.write(sheet.html().getBytes(StandardCharsets.UTF_8)));
                    }
                    return file;
                },
                written -> background.notices().done("The sheet is written: " + written),
                e -> fail(e));
    }

    private static String key(Lesson lesson) {
        return "lesson." + lesson.id();
    }

    /** Begins a step. One that opens nothing begins with what the last stage before it has opened. */
    private void begin(Lesson lesson, int step, Set<Integer> skipped) {
        settings.setText(key(lesson), new Progress(step, skipped, said).text());
        View v = new View(
                lesson,
                step,
                Phase.OPENING,
                Optional.empty(),
                1,
                Optional.empty(),
                "",
                "",
                List.of(),
                OptionalInt.empty(),
                0,
                Set.copyOf(skipped),
                false);
        boolean goesOn = view.get()
                .filter(before -> before.lesson.equals(lesson) && before.step + 1 == step)
                .isPresent();
        Step wanted = lesson.steps().get(step);
        view.set(Optional.of(v));
        if (wanted.stage().isEmpty() && goesOn) {
            opened();
            return;
        }
        Stage stage = stage(lesson, step);
        Materials from = materials;
        Path folder = settings.state().resolve("synthetic");
        opening.submit(
                (cancel, partial) -> open(stage, from, folder, cancel),
                staged -> {
                    bench.show(staged);
                    stage.acts().stream()
                            .filter(Act.Select.class::isInstance)
                            .map(act -> Acts.selection(
                                    (Act.Select) act, staged.model().folded()))
                            .forEach(bench::select);
                    opened();
                },
                e -> fail(e));
    }

    /** What is open in a step: its own stage, or the last one before it. */
    private static Stage stage(Lesson lesson, int step) {
        return lesson.steps().subList(0, step + 1).stream()
                .flatMap(s -> s.stage().stream())
                .reduce((a, b) -> b)
                .orElseThrow();
    }

    private static Staged open(Stage stage, Materials from, Path folder, CancelToken cancel) throws IOException {
        Path file = stage.synthetic().isPresent()
                ? written(stage.synthetic().get(), folder)
                : from.file(stage.model().orElseThrow());
        Optional<Dataset> evaluation = from.data(stage.data());
        Staged staged = Staged.open(file, evaluation, from.data(stage.calibrationData()), cancel);
        SessionState state = staged.state();
        Optional<TensorId> chosen = staged.model().folded().tensors().size() == 1
                ? Optional.of(staged.model().folded().tensors().getFirst().id())
                : Optional.empty();
        for (Act act : stage.acts()) {
            if (act instanceof Act.Select select) {
                chosen = Optional.of(Acts.selection(select, staged.model().folded()));
            } else {
                state = Acts.edit(act, staged.model().folded(), state, chosen).apply(state);
            }
        }
        return staged.with(state);
    }

    private static Path written(SyntheticTensor recipe, Path folder) throws IOException {
        Files.createDirectories(folder);
        Path file = folder.resolve(recipe.name() + SyntheticFile.EXTENSION);
        SyntheticFile.write(file, recipe);
        return file;
    }

    private void opened() {
        view.get().ifPresent(v -> {
            boolean asks = v.current().prediction().isPresent();
            view.set(Optional.of(v.at(asks ? Phase.ASKING : Phase.SHOWN)));
            if (!asks) {
                v.current().reveal().ifPresent(r -> perform(r.acts()));
                refresh();
            }
        });
    }

    /**
     * Does one after the other what a lesson says that the program or a solution does, with the edits of the window.
     * Those behind a search are done when it has ended.
     *
     * @param acts without corrections, whose model must be computed before
     */
    public void perform(List<Act> acts) {
        for (int i = 0; i < acts.size(); i++) {
            if (acts.get(i) instanceof Act.GiveBits(double averageBits)) {
                giveBits(averageBits, acts.subList(i + 1, acts.size()));
                return;
            }
            act(acts.get(i));
        }
    }

    private void giveBits(double averageBits, List<Act> then) {
        Scene scene = scene().orElse(null);
        if (scene == null) {
            return;
        }
        FigureSources with = sources;
        searching.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle _ = background.start("Bits within a budget", cancel)) {
                        return with.during(cancel, () -> with.within(scene, averageBits));
                    }
                },
                found -> {
                    List<Edit> edits = new ArrayList<>();
                    scene.state().overrides().keySet().forEach(id -> edits.add(new Edit.ClearOverride(id)));
                    edits.add(new Edit.AdoptAll("bits within a budget", found.overrides()));
                    bench.apply(new Edit.All("bits within a budget", edits));
                    perform(then);
                },
                e -> fail(e));
    }

    private void act(Act act) {
        bench.analysed().ifPresent(model -> {
            if (act instanceof Act.Select select) {
                bench.select(Acts.selection(select, model));
            } else {
                bench.stateProperty()
                        .get()
                        .ifPresent(state -> bench.apply(Acts.edit(
                                act, model, state, bench.selectionProperty().get())));
            }
        });
    }

    /** Looks at the goals again, and fills the figures of the text. */
    private void refresh() {
        View v = view.get().filter(s -> s.phase() == Phase.SHOWN && !s.finished).orElse(null);
        Optional<Scene> scene = scene();
        if (v == null || scene.isEmpty()) {
            return;
        }
        Step step = v.current();
        boolean filled = !v.reveal.isEmpty();
        FigureSources with = sources;
        showing.submit(
                (cancel, partial) -> {
                    Judge judge = new Judge(scene.get(), with, cancel);
                    // A text keeps the figures of the moment at which it was shown.
                    String text =
                            filled ? v.reveal : step.reveal().map(judge::fill).orElse("");
                    return new Shown(
                            text, step.goals().stream().map(judge::judge).toList());
                },
                shown -> view.get()
                        .filter(now -> now.current().equals(step) && now.phase() == Phase.SHOWN)
                        .ifPresent(now -> view.set(Optional.of(new View(
                                now.lesson,
                                now.step,
                                now.phase,
                                now.answer,
                                now.sure,
                                now.right,
                                now.truth,
                                shown.reveal,
                                shown.goals,
                                now.reason,
                                now.hints,
                                now.skipped,
                                now.finished)))),
                e -> fail(e));
    }

    private void fail(Throwable e) {
        background.problem("lesson: " + e.getMessage());
    }

    private Optional<Scene> scene() {
        return bench.analysed()
                .flatMap(model -> bench.stateProperty()
                        .get()
                        .map(state -> new Scene(
                                model,
                                bench.reference().or(bench::uncorrected).orElse(model),
                                state,
                                bench.selectionProperty().get(),
                                bench.calibration(),
                                bench.calibrationData(),
                                bench.evaluationData())));
    }

    /** Empty while no lesson is going on. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
