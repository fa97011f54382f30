package org.quantscope.app.window;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javafx.beans.property.BooleanProperty;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.cards.ShownCard;
import org.quantscope.app.command.Command;
import org.quantscope.app.command.Commands;
import org.quantscope.app.session.BundledModels;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.glossary.Glossary;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.Lessons;
import org.quantscope.core.session.Snapshot;

/** Makes every action of the window, once: menus, buttons, keys and the palette hold these. */
final class WindowCommands {
    static final String NO_MODEL = "Open a model first (Ctrl+O)";

    private final ApplicationContext context;
    private final WindowActions actions;
    private final Commands all = new Commands();

    private WindowCommands(ApplicationContext context, WindowActions actions) {
        this.context = context;
        this.actions = actions;
    }

    static Commands of(
            ApplicationContext context,
            WindowActions actions,
            UiScale scale,
            BooleanProperty explaining,
            Columns columns,
            Runnable filter,
            Runnable oneCardOrAll) {
        WindowCommands made = new WindowCommands(context, actions);
        made.files();
        made.work();
        made.look(scale, explaining, columns, filter);
        made.cards(oneCardOrAll);
        made.changing();
        return made.all;
    }

    private void files() {
        add("open-model", "Model or session…", "Shortcut+O", actions::open);
        add("where", "Where will it run?…", "Shortcut+Shift+W", actions::where);
        add("open-data", "Data…", "Shortcut+Shift+O", this::needsModel, actions::prepareData);
        add("open-synthetic", "Synthetic…", "", actions::openSynthetic);
        add("import-ranges", "Import ranges…", "Shortcut+I", this::needsModel, actions::importRanges);
        add("compare-deployed", "Compare with deployed…", "Shortcut+D", this::needsModel, actions::compare);
        add("about-model", "About this model…", "", this::needsModel, actions::aboutModel);
        add("what-is-quantized", "What is quantized…", "", this::needsModel, actions::proof);
        add("open-sweep", "Results of a sweep…", "", this::needsModel, actions::openSweep);
        add("open-unsaved", "Unsaved work…", "", context.session()::showUnsaved);
        add("save-session", "Save", "Shortcut+S", this::needsModel, context.session()::save);
        add("save-session-as", "Save as…", "Shortcut+Shift+S", this::needsModel, context.session()::saveAs);
        add("export", "Export…", "Shortcut+E", this::needsModel, actions::export);
        add("report", "Report…", "Shortcut+R", this::needsModel, actions::report);
    }

    private void work() {
        add(
                "undo",
                "Undo",
                "Shortcut+Z",
                () -> context.bench().canUndoProperty().get() ? "" : "Nothing to undo (Ctrl+Z)",
                context.bench()::undo);
        add(
                "redo",
                "Redo",
                "Shortcut+Y",
                () -> context.bench().canRedoProperty().get() ? "" : "Nothing to redo (Ctrl+Y)",
                context.bench()::redo);
        add("history-open", "History…", "Shortcut+H", this::needsModel, actions::history);
        add("snapshot-take", "Take snapshot", "Shortcut+Shift+T", this::needsModel, actions::takeSnapshot);
        add(
                "against-open",
                "Compare snapshots…",
                "Shortcut+Shift+D",
                () -> snapshots().isEmpty() ? "Take a snapshot first (Ctrl+Shift+T)" : "",
                () -> actions.against(Optional.empty()));
        add("compare-data", "Compare with other data…", "Shortcut+Shift+J", this::needsModel, actions::compareData);
        add("robustness", "Robustness: worse samples…", "", this::needsModel, actions::robustness);
        add("adaptive-ranges", "Ranges that follow the data…", "", this::needsModel, actions::adaptive);
        add("improve", "Improve…", "Shortcut+M", this::needsModel, actions::improve);
        add("mixed-precision", "Mixed precision…", "Shortcut+B", this::needsModel, actions::mixedPrecision);
        add("help-glass", "Look at a value…", "Shortcut+G", this::needsModel, actions::glass);
        add("lesson-write-sheet", "Sheet to hand in…", "", this::needsLesson, actions::writeSheet);
    }

    private void look(UiScale scale, BooleanProperty explaining, Columns columns, Runnable filter) {
        add("help-tour", "Tour", "", this::needsTour, () -> {
            explaining.set(false);
            context.tour().start();
        });
        add("help-glossary", "Glossary…", "", () -> actions.glossary(Optional.empty()));
        add("help-palette", "Find anything…", "Shortcut+K", actions::palette);
        add("help-keys", "Keys…", "Shortcut+Shift+K", actions::showKeys);
        add("filter", "Filter the tensors", "Shortcut+F", this::needsModel, filter);
        add("theme", "Light or dark", "Shortcut+T", actions::switchTheme);
        add("help-left", "Left column", "F8", columns::toggleLeft);
        add("help-right", "Right column", "F9", columns::toggleRight);
        add("help-larger", "Everything larger", "Shortcut+Plus", scale::larger);
        add("help-smaller", "Everything smaller", "Shortcut+Minus", scale::smaller);
    }

    private void cards(Runnable oneCardOrAll) {
        add("card-alone", "Only this card, or all", "F11", this::needsModel, oneCardOrAll);
        add("cards-back", "All cards back to their places", "", context.cards()::reset);
        for (ShownCard card : ShownCard.values()) {
            add(
                    "card-alone-" + card.id(),
                    "Only this card: " + card.title(),
                    "",
                    this::needsModel,
                    () -> context.cards().toggleAlone(card));
            add(
                    "card-away-" + card.id(),
                    "In a window of its own: " + card.title(),
                    "",
                    this::needsModel,
                    () -> context.cards().toggleAway(card));
        }
    }

    /** What depends on the open model, or is too much for a menu. */
    private void changing() {
        all.addChanging(() -> snapshots().stream()
                .map(s -> Command.of(
                        "snapshot-restore-" + s.name(),
                        "Go back to " + s.name(),
                        "snapshot",
                        () -> context.snapshots().restore(s)))
                .toList());
        all.addChanging(() -> BundledModels.all().stream()
                .map(s -> Command.of(
                        "sample-" + s.title(),
                        "Open " + s.title(),
                        "sample",
                        () -> context.session().openSample(s)))
                .toList());
        all.addChanging(() -> Calibrators.all().stream().map(this::calibrate).toList());
        all.addChanging(() -> Corrections.all().stream().map(this::correct).toList());
        all.addChanging(() -> Lessons.bundled().stream().map(this::lesson).toList());
        all.addChanging(() -> Stream.<QuantizableTensor>concat(
                        context.bench().weights().stream(), context.bench().activations().stream())
                .map(t -> Command.of(
                        "tensor-" + t.id().name(),
                        t.id().name(),
                        t instanceof QuantizableTensor.Activation ? "activation" : "weight",
                        () -> context.bench().select(t.id())))
                .toList());
        all.addChanging(() -> Glossary.bundled().sections().stream()
                .flatMap(section -> section.terms().stream())
                .map(t -> Command.of("term-" + t.id(), t.term(), "term", () -> actions.glossary(Optional.of(t))))
                .toList());
    }

    private Command calibrate(Calibrator calibrator) {
        return new Command(
                "calibrate-" + calibrator.id(),
                "Calibrate all: " + calibrator.title(),
                "calibrator",
                "",
                () -> !needsModel().isEmpty()
                        ? NO_MODEL
                        : calibrator.isForWeights()
                                        && context.bench().weights().stream()
                                                .noneMatch(w -> context.bench().knows(calibrator, w))
                                ? "It needs calibration data"
                                : "",
                () -> context.activations().calibrateAll(calibrator));
    }

    private Command correct(Correction correction) {
        return new Command(
                "correct-" + correction.id(),
                "Correct: " + correction.title(),
                "correction",
                "",
                () -> !needsModel().isEmpty()
                        ? NO_MODEL
                        : context.corrections().refusal(correction).orElse(""),
                correction instanceof TrainedCorrection
                        ? actions::recover
                        : () -> context.corrections().apply(correction));
    }

    private Command lesson(Lesson lesson) {
        return Command.of(
                "lesson-" + lesson.id(),
                lesson.title() + " · " + lesson.minutes() + " min",
                "lesson",
                () -> actions.startLesson(lesson));
    }

    private List<Snapshot> snapshots() {
        return context.bench()
                .stateProperty()
                .get()
                .map(s -> new ArrayList<>(s.snapshots()))
                .orElse(new ArrayList<>());
    }

    private String needsModel() {
        return context.bench().modelProperty().get().isEmpty() ? NO_MODEL : "";
    }

    private String needsLesson() {
        return context.lessons().viewProperty().get().isEmpty() ? "Begin a lesson first" : "";
    }

    private String needsTour() {
        return context.tour().possibleProperty().get() ? "" : "The tour needs an open model and no lesson";
    }

    private void add(String id, String title, String keys, Runnable action) {
        add(id, title, keys, () -> "", action);
    }

    private void add(String id, String title, String keys, Supplier<String> refusal, Runnable action) {
        all.add(new Command(id, title, Command.ACTION, keys, refusal, action));
    }
}
