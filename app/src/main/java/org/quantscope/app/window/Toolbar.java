package org.quantscope.app.window;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javafx.beans.property.BooleanProperty;
import javafx.geometry.Orientation;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.CheckMenuItem;
import javafx.scene.control.Control;
import javafx.scene.control.Label;
import javafx.scene.control.Menu;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.Separator;
import javafx.scene.control.SeparatorMenuItem;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyCombination;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.command.Command;
import org.quantscope.app.command.Commands;
import org.quantscope.app.session.BundledModels;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.SessionViewModel.Sample;
import org.quantscope.app.tensors.SensitivityViewModel.Status;
import org.quantscope.app.tensors.TensorOrder;
import org.quantscope.app.ui.Reasoned;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.Lessons;
import org.quantscope.core.lesson.OwnLessons;
import org.quantscope.core.session.SessionState;

/** The row at the top of the window, with the actions on the whole model. */
final class Toolbar extends HBox {
    /** From this width on there are lines between the groups. */
    private static final double LINES_WIDTH = 1000;

    /** From this width on there is room for what menus and keys reach too. */
    private static final double SHORT_WIDTH = 930;

    private static final String NO_MODEL = WindowCommands.NO_MODEL;

    private final ApplicationContext context;
    private final WindowActions actions;
    private final BooleanProperty explaining;
    private final UiScale scale;
    private final Commands commands;
    private final Label brand = new Label("Quantscope");

    /** @param explaining true while a click explains instead of acting */
    Toolbar(
            ApplicationContext context,
            WindowActions actions,
            BooleanProperty explaining,
            UiScale scale,
            Commands commands) {
        this.explaining = explaining;
        this.scale = scale;
        this.commands = commands;
        this.context = context;
        this.actions = actions;
        brand.getStyleClass().add("brand");
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        getChildren()
                .addAll(
                        brand,
                        open(),
                        sample(),
                        data(),
                        whileOpen(save()),
                        whileOpen(export()),
                        line(),
                        undo(),
                        redo(),
                        line(),
                        whileOpen(calibrate()),
                        whileOpen(new CorrectMenu(context, actions::expected, actions::recover)),
                        whileOpen(improve()),
                        sensitivity(),
                        activations(),
                        fold(),
                        space,
                        help(),
                        look());
        getStyleClass().add("top-bar");
        getChildren().forEach(node -> {
            if (node instanceof Control control) {
                control.setMinWidth(Region.USE_PREF_SIZE);
            }
        });
    }

    /** Leaves away what has another way to it, as far as the width in pixels asks for. */
    void fit(double width) {
        getChildren().forEach(node -> {
            if (node instanceof Separator) {
                put(node, width >= LINES_WIDTH);
            }
        });
        lookedUp("#data", width >= SHORT_WIDTH);
        lookedUp("#improve", width >= SHORT_WIDTH);
        lookedUp("#save", width >= SHORT_WIDTH);
        lookedUp("#sensitivity", width >= SHORT_WIDTH);
    }

    private void lookedUp(String id, boolean on) {
        Node node = lookup(id);
        if (node != null) {
            put(node, on);
        }
    }

    private static void put(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }

    /** Leaves the name of the program away, which the title of the window shows too. */
    void setNarrow(boolean narrow) {
        brand.setVisible(!narrow);
        brand.setManaged(!narrow);
    }

    /** Disables a control while no model is open. */
    private Reasoned whileOpen(Node node) {
        Reasoned held = new Reasoned(node);
        context.bench().modelProperty().subscribe(m -> held.disable(m.isEmpty() ? NO_MODEL : ""));
        return held;
    }

    private MenuButton open() {
        MenuButton open = new MenuButton("Open");
        open.setId("open");
        open.setTooltip(new Tooltip("Open a model, data or a session; or drop it anywhere on the window"));
        Menu recent = new Menu("Recent");
        recent.setId("recent");
        context.session().recentProperty().subscribe(files -> {
            recent.getItems().setAll(files.stream().map(this::recent).toList());
            recent.getItems()
                    .addAll(new SeparatorMenuItem(), item("Clear this list", null, context.session()::clearRecent));
            recent.setDisable(files.isEmpty());
        });
        open.setOnShowing(e -> context.session().forgetMissing());
        open.getItems()
                .addAll(
                        item("open-model"),
                        item("where"),
                        item("open-data"),
                        item("open-synthetic"),
                        lessons(),
                        item("import-ranges"),
                        item("compare-deployed"),
                        new SeparatorMenuItem(),
                        item("about-model"),
                        item("what-is-quantized"),
                        item("open-sweep"),
                        item("open-unsaved"),
                        recent);
        return open;
    }

    private Menu lessons() {
        Menu lessons = new Menu("Lesson");
        lessons.setId("open-lesson");
        for (Lesson lesson : Lessons.bundled()) {
            MenuItem one = item(
                    lesson.title() + " · " + lesson.minutes() + " min",
                    null,
                    () -> context.lessons().start(lesson, Optional.empty()));
            one.setId("lesson-" + lesson.id());
            lessons.getItems().add(one);
        }
        MenuItem sheet = item("lesson-write-sheet");
        lessons.getItems()
                .addAll(
                        new SeparatorMenuItem(),
                        item("A lesson of your own…", null, actions::openLesson),
                        sheet,
                        new SeparatorMenuItem());
        int usual = lessons.getItems().size();
        lessons.setOnShowing(e -> {
            lessons.getItems().subList(usual, lessons.getItems().size()).clear();
            OwnLessons.in(actions.lessonsFolder())
                    .forEach(own -> lessons.getItems().add(ownLesson(own)));
            lessons.getItems().get(usual - 1).setVisible(lessons.getItems().size() > usual);
        });
        lessons.getItems().get(usual - 1).setVisible(false);
        return lessons;
    }

    /** One that is broken says what is wrong, and all of it when it is chosen. */
    private MenuItem ownLesson(OwnLessons.Found own) {
        String title = own.lesson()
                .map(l -> l.title() + " · " + l.minutes() + " min")
                .orElseGet(() -> "⚠ " + own.name() + ", " + own.problem());
        MenuItem one = item(Invisible.escaped(title), null, () -> actions.openLesson(own.folder()));
        one.setMnemonicParsing(false);
        one.setId("own-lesson-" + own.name());
        return one;
    }

    private MenuItem recent(Path file) {
        MenuItem item = new MenuItem(Invisible.escaped(file.toString()));
        item.setMnemonicParsing(false);
        item.setOnAction(e -> context.session().open(List.of(file)));
        return item;
    }

    private MenuButton sample() {
        MenuButton sample = new MenuButton("Sample");
        sample.setId("sample");
        sample.setTooltip(new Tooltip("Bundled models with their data"));
        for (Sample s : BundledModels.all()) {
            sample.getItems().add(item(s.title(), null, () -> context.session().openSample(s)));
        }
        sample.setDisable(sample.getItems().isEmpty());
        return sample;
    }

    private Reasoned data() {
        Button data = button(
                "Data…",
                "data",
                "Choose data and how it is prepared for the model (Ctrl+Shift+O)",
                actions::prepareData);
        Reasoned held = new Reasoned(data);
        context.bench()
                .modelProperty()
                .subscribe(m -> held.disable(
                        m.isEmpty()
                                ? NO_MODEL
                                : m.flatMap(o -> o.source().graph()).isEmpty()
                                        ? "This file holds weights without a graph: there is nothing to run on data"
                                        : ""));
        return held;
    }

    private MenuButton save() {
        MenuButton save = new MenuButton("Save");
        save.setId("save");
        save.setTooltip(new Tooltip("Save the settings as a session"));
        save.getItems().addAll(item("save-session"), item("save-session-as"), new SeparatorMenuItem(), item("report"));
        return save;
    }

    private Button export() {
        Button export = button(
                "Export…", "export", "Write the settings for another program (Ctrl+E)", commands.get("export")::run);
        export.getStyleClass().add("primary");
        return export;
    }

    private Reasoned undo() {
        Button undo = button("↶", "undo", "", commands.get("undo")::run);
        undo.setAccessibleText("Undo");
        undo.getStyleClass().add("icon");
        Reasoned held = new Reasoned(undo);
        context.bench().canUndoProperty().subscribe(can -> held.disable(can ? "" : "Nothing to undo (Ctrl+Z)"));
        undo.getTooltip()
                .textProperty()
                .bind(context.bench()
                        .undoTitleProperty()
                        .map(t -> t.isEmpty() ? "Undo (Ctrl+Z)" : "Undo " + t + " (Ctrl+Z)"));
        return held;
    }

    private Reasoned redo() {
        Button redo = button("↷", "redo", "", commands.get("redo")::run);
        redo.setAccessibleText("Redo");
        redo.getStyleClass().add("icon");
        Reasoned held = new Reasoned(redo);
        context.bench().canRedoProperty().subscribe(can -> held.disable(can ? "" : "Nothing to redo (Ctrl+Y)"));
        redo.getTooltip()
                .textProperty()
                .bind(context.bench()
                        .redoTitleProperty()
                        .map(t -> t.isEmpty() ? "Redo (Ctrl+Y)" : "Redo " + t + " (Ctrl+Y)"));
        return held;
    }

    private MenuButton calibrate() {
        MenuButton calibrate = new MenuButton("Calibrate all");
        calibrate.setId("calibrate-all");
        calibrate.setTooltip(new Tooltip("Choose the range of every quantized tensor with one calibrator"));
        for (Calibrator c : Calibrators.all()) {
            MenuItem choice = item(c.title(), null, () -> context.activations().calibrateAll(c));
            calibrate.getItems().add(choice);
            if (c.isForWeights()) {
                // This calibrator is for weights of which it knows what it needs.
                context.bench()
                        .changes()
                        .on(
                                Changes.Stage.OTHERS,
                                () -> choice.setVisible(context.bench().weights().stream()
                                        .anyMatch(w -> context.bench().knows(c, w))));
                choice.setVisible(false);
            }
        }
        MenuItem judge = item("Is the data good enough?…", "Shortcut+J", actions::judgeCalibration);
        judge.setId("judge-calibration");
        calibrate
                .getItems()
                .addAll(
                        new SeparatorMenuItem(),
                        judge,
                        item("compare-data"),
                        item("adaptive-ranges"),
                        item("robustness"));
        return calibrate;
    }

    private Button improve() {
        return button(
                "Improve…",
                "improve",
                "Equalization, ranges, rounding and bits in one go, each kept only if it helps (Ctrl+M)",
                commands.get("improve")::run);
    }

    /** The button for a sensitivity sweep; it is pressed while a sweep runs. */
    private Reasoned sensitivity() {
        ToggleButton sweep = new ToggleButton("Sensitivity");
        sweep.setId("sensitivity");
        Tooltip tip = new Tooltip();
        sweep.setTooltip(tip);
        sweep.setOnAction(e -> {
            context.sensitivity().toggle();
            sweep.setSelected(context.sensitivity().viewProperty().get().status() == Status.RUNNING);
            if (sweep.isSelected()) {
                context.tensors().orderProperty().set(TensorOrder.MOST_SENSITIVE_FIRST);
            }
        });
        Reasoned held = new Reasoned(sweep);
        context.sensitivity().viewProperty().subscribe(v -> {
            held.disable(v.status() == Status.IMPOSSIBLE ? "What each tensor's quantization costs: " + v.why() : "");
            sweep.setSelected(v.status() == Status.RUNNING);
            tip.setText(
                    switch (v.status()) {
                        case IMPOSSIBLE -> "What each tensor's quantization costs: " + v.why();
                        case IDLE ->
                            "Find what each tensor's quantization costs, alone and with all others"
                                    + (v.known() > 0
                                            ? ": " + v.known() + " of " + v.wanted() + " evaluations are known"
                                            : "");
                        case RUNNING -> "Stop the sweep; figures found so far are kept";
                        case DONE -> "All " + v.wanted() + " evaluations of these settings are known";
                    });
        });
        return held;
    }

    private Reasoned activations() {
        ToggleButton activations = new ToggleButton("Activations");
        activations.setId("activations");
        activations.setTooltip(new Tooltip("Quantize activations too, with ranges observed on the calibration data"));
        activations.setOnAction(e -> {
            context.activations().quantize(activations.isSelected());
            activations.setSelected(quantizesActivations());
        });
        Reasoned held = new Reasoned(activations);
        context.bench().stateProperty().subscribe(state -> {
            activations.setSelected(quantizesActivations());
            held.disable(
                    state.isEmpty()
                            ? NO_MODEL
                            : context.activations().possible()
                                    ? ""
                                    : "Ranges of activations are observed on calibration data: choose some under"
                                            + " “Data…”");
        });
        return held;
    }

    private boolean quantizesActivations() {
        return context.bench()
                .stateProperty()
                .get()
                .flatMap(SessionState::activations)
                .isPresent();
    }

    private ToggleButton fold() {
        ToggleButton fold = new ToggleButton("Fold BN");
        fold.setId("fold");
        fold.setTooltip(new Tooltip(
                "Compute constants, and fold batch normalization and Pad into the layers beside them, before"
                        + " analysis; off: the graph as it is stored"));
        fold.setOnAction(e -> {
            context.corrections().fold(fold.isSelected());
            fold.setSelected(context.bench().foldsBatchNorm());
        });
        context.bench().stateProperty().subscribe(state -> {
            fold.setSelected(state.map(SessionState::foldBatchNorm).orElse(true));
            boolean foldable = context.bench()
                    .modelProperty()
                    .get()
                    .map(m -> !m.source().equals(m.folded()))
                    .orElse(false);
            fold.setVisible(foldable);
            fold.setManaged(foldable);
        });
        return fold;
    }

    private MenuButton help() {
        MenuButton help = new MenuButton("?");
        help.setId("help");
        help.setTooltip(new Tooltip("Tour, explain, glossary, keys"));
        help.setAccessibleText("Help");
        help.getStyleClass().add("icon");
        CheckMenuItem explain = new CheckMenuItem("Explain what I click");
        explain.setId("help-explain");
        explain.setAccelerator(KeyCombination.valueOf("Shift+F1"));
        explain.selectedProperty().bindBidirectional(explaining);
        Menu size = new Menu("Size of everything");
        size.setId("help-size");
        for (int percent : UiScale.PERCENTS) {
            MenuItem one = item(percent + " %", null, () -> scale.set(percent));
            one.setId("help-size-" + percent);
            size.getItems().add(one);
        }
        help.getItems()
                .addAll(
                        item("help-palette"),
                        item("history-open"),
                        item("against-open"),
                        new SeparatorMenuItem(),
                        item("help-tour"),
                        explain,
                        item("help-glossary"),
                        item("help-glass"),
                        item("help-keys"),
                        new SeparatorMenuItem(),
                        size,
                        item("help-left"),
                        item("help-right"));
        return help;
    }

    private Button look() {
        Button look = button("◐", "theme", "Light or dark (Ctrl+T)", commands.get("theme")::run);
        look.setAccessibleText("Switch between light and dark");
        look.getStyleClass().add("icon");
        return look;
    }

    /** The item of an action; it is disabled as long as the action is not possible. */
    private MenuItem item(String id) {
        Command command = commands.get(id);
        MenuItem item = item(command.title(), command.keys().isEmpty() ? null : command.keys(), command::run);
        item.setId(id);
        Runnable look = () -> item.setDisable(!command.refusal().get().isEmpty());
        context.bench().modelProperty().subscribe(x -> look.run());
        context.bench().stateProperty().subscribe(x -> look.run());
        context.lessons().viewProperty().subscribe(x -> look.run());
        context.tour().possibleProperty().subscribe(x -> look.run());
        return item;
    }

    static MenuItem item(String text, @Nullable String keys, Runnable action) {
        MenuItem item = new MenuItem(text);
        if (keys != null) {
            item.setAccelerator(KeyCombination.valueOf(keys));
        }
        item.setOnAction(e -> action.run());
        return item;
    }

    private static Button button(String text, String id, String tip, Runnable action) {
        Button button = new Button(text);
        button.setId(id);
        button.setTooltip(new Tooltip(tip));
        button.setOnAction(e -> action.run());
        return button;
    }

    private static Separator line() {
        return new Separator(Orientation.VERTICAL);
    }
}
