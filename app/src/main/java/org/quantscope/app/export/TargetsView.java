package org.quantscope.app.export;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import javafx.geometry.Insets;
import javafx.geometry.Orientation;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Control;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.SelectionMode;
import javafx.scene.control.SplitPane;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyCombination;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.scene.text.Font;
import javafx.scene.text.Text;
import org.controlsfx.control.textfield.TextFields;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.export.TargetsViewModel.Target;
import org.quantscope.app.export.TargetsViewModel.View;
import org.quantscope.app.ui.Fonts;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.quant.OptionDoc;

/** The formats on the left; of the chosen one its problems, its options and its file on the right. */
public final class TargetsView extends BorderPane {
    private static final double GAP = 8;
    private static final double TARGETS_WIDTH = 372;
    private static final double TARGET_HEIGHT = 44;
    private static final double PROBLEM_TITLE = 28;
    private static final double PROBLEM_LINE = 16;
    /** What a line of a problem leaves to its mark, its button and the scroll bar. */
    private static final double PROBLEM_SIDES = 140;

    private static final double LINE_HEIGHT = 18;
    private static final double PROBLEMS_SHARE = 0.42;
    private static final double PROBLEMS_WIDTH = 680;
    private static final double HINT_SIZE = 12;
    private static final int MOST_PROBLEMS_WHOLE = 2;
    private static final double FIELD_WIDTH = 150;
    private static final int LONGEST_LINE = 400;
    private static final int LINES_ABOVE = 2;
    private static final KeyCombination COPY = KeyCombination.valueOf("Shortcut+C");

    private final TargetsViewModel model;
    private final TextField filter = TextFields.createClearableTextField();
    private final ListView<Target> targets = new ListView<>();
    private final Label title = new Label();
    private final Label verdict = new Label();
    private final Button fixAll = new Button();
    private final ListView<ExportProblem> problems = new ListView<>();
    private final FlowPane options = new FlowPane(GAP * 2, GAP);
    private final Label refused = new Label();
    private final Label loses = new Label();
    private final ComboBox<String> part = new ComboBox<>();
    private final Label previewHead = new Label();
    private final Button copy = new Button("_Copy");
    private final Button copyTensor = new Button("Copy this _tensor");
    private final ListView<String> preview = new ListView<>();
    private final Label previewNote = new Label();
    private final SplitPane halves;
    private final VBox below;
    private @Nullable Exporter optionsOf;
    private Preview shown = Preview.NONE;
    private boolean updating;
    /** True if a person has moved the text since it was put to the marked lines. */
    private boolean touched;

    public TargetsView(TargetsViewModel model) {
        this.model = model;
        filter.setId("export-filter");
        filter.getStyleClass().add("filter-box");
        filter.setPromptText("Filter formats…");
        filter.setAccessibleText("Filter formats");
        filter.textProperty().bindBidirectional(model.filterProperty());
        targets.setId("export-targets");
        targets.setAccessibleText("Formats");
        targets.getStyleClass().add("plain-list");
        targets.setFixedCellSize(TARGET_HEIGHT);
        targets.setCellFactory(list -> new TargetCell());
        targets.setPlaceholder(hint("No format has this in its name."));
        VBox.setVgrow(targets, Priority.ALWAYS);
        filter.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (e.getCode() == KeyCode.DOWN) {
                targets.requestFocus();
                e.consume();
            }
        });
        VBox left = new VBox(GAP, filter, targets);
        left.setPrefWidth(TARGETS_WIDTH);
        left.setMinWidth(TARGETS_WIDTH);
        setLeft(left);
        BorderPane.setMargin(left, new Insets(0, GAP * 2, 0, 0));

        title.getStyleClass().add("title");
        title.setId("export-title");
        verdict.setId("export-verdict");
        verdict.getStyleClass().add("hint");
        verdict.setWrapText(true);
        verdict.setMinHeight(Region.USE_PREF_SIZE);
        fixAll.setId("export-fix-all");
        fixAll.setMinWidth(Region.USE_PREF_SIZE);
        fixAll.setTooltip(
                new Tooltip("Change the settings so that this format takes them: one step, which undo takes back"));
        fixAll.setOnAction(e -> model.fixAll());
        fixAll.managedProperty().bind(fixAll.visibleProperty());
        VBox words = new VBox(2, title, verdict);
        HBox.setHgrow(words, Priority.ALWAYS);
        HBox head = new HBox(GAP, words, fixAll);
        head.setAlignment(Pos.CENTER_LEFT);
        head.setMinHeight(Region.USE_PREF_SIZE);
        problems.setId("export-problems");
        problems.getStyleClass().add("plain-list");
        problems.setAccessibleText("What the format does not take as it is. Enter applies the remedy.");
        problems.setCellFactory(list -> new ProblemCell());
        problems.widthProperty().subscribe((was, is) -> size(problems.getItems()));
        problems.getSelectionModel().selectedItemProperty().subscribe(p -> {
            if (p != null && !updating) {
                model.select(p);
            }
        });
        problems.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            ExportProblem p = problems.getSelectionModel().getSelectedItem();
            if (e.getCode() == KeyCode.ENTER && problems.equals(e.getTarget()) && p != null) {
                model.fix(p);
                e.consume();
            }
        });
        options.setId("export-options");
        options.getStyleClass().add("export-options");
        options.setAlignment(Pos.CENTER_LEFT);
        options.managedProperty().bind(options.visibleProperty());
        options.setMinHeight(Region.USE_PREF_SIZE);
        refused.setId("export-option-note");
        refused.getStyleClass().addAll("hint", "loss");
        refused.setWrapText(true);
        refused.setMinHeight(Region.USE_PREF_SIZE);
        refused.managedProperty().bind(refused.textProperty().isNotEmpty());

        previewHead.getStyleClass().add("section-head");
        previewHead.setId("export-preview-head");
        part.setId("export-part");
        part.setAccessibleText("File of the preview");
        part.managedProperty().bind(part.visibleProperty());
        part.getSelectionModel().selectedIndexProperty().subscribe(x -> {
            if (!updating) {
                showPart();
            }
        });
        copy.setId("export-copy");
        copy.setMnemonicParsing(true);
        copy.setTooltip(new Tooltip("Put the text on the clipboard; Ctrl+C in the text copies the chosen lines"));
        copy.setOnAction(e -> part().ifPresent(p -> copy(p.whole())));
        copyTensor.setId("export-copy-tensor");
        copyTensor.setTooltip(new Tooltip("Put the marked lines on the clipboard"));
        copyTensor.setOnAction(e -> part().ifPresent(p -> copy(p.snippet())));
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        previewHead.setMinWidth(0);
        HBox previewBar = new HBox(GAP, previewHead, part, space, copyTensor, copy);
        previewBar.setAlignment(Pos.CENTER_LEFT);
        copy.setMinWidth(Region.USE_PREF_SIZE);
        copyTensor.setMinWidth(Region.USE_PREF_SIZE);
        preview.setId("export-preview");
        preview.getStyleClass().addAll("plain-list", "file-text");
        preview.setAccessibleText("What the file would hold");
        preview.setFixedCellSize(LINE_HEIGHT);
        preview.setCellFactory(list -> new LineCell());
        preview.getSelectionModel().setSelectionMode(SelectionMode.MULTIPLE);
        preview.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (COPY.match(e)) {
                copy(String.join("\n", preview.getSelectionModel().getSelectedItems()) + "\n");
                e.consume();
            }
        });
        preview.addEventFilter(ScrollEvent.SCROLL, e -> touched = true);
        preview.addEventFilter(MouseEvent.MOUSE_PRESSED, e -> touched = true);
        preview.heightProperty().subscribe(h -> {
            if (!touched) {
                toMarked();
            }
        });
        VBox.setVgrow(preview, Priority.ALWAYS);
        previewNote.setId("export-preview-note");
        previewNote.getStyleClass().add("hint");
        previewNote.setMinHeight(Region.USE_PREF_SIZE);
        loses.setId("export-loses");
        loses.getStyleClass().add("hint");
        loses.setWrapText(true);
        loses.setMinHeight(Region.USE_PREF_SIZE);
        below = new VBox(GAP, options, refused, previewBar, preview, previewNote, loses);
        below.setPadding(new Insets(GAP / 2, 0, 0, 0));
        below.setMinHeight(LINE_HEIGHT * 9);
        halves = new SplitPane(problems, below);
        halves.setOrientation(Orientation.VERTICAL);
        halves.getStyleClass().add("quiet-split");
        SplitPane.setResizableWithParent(problems, false);
        VBox.setVgrow(halves, Priority.ALWAYS);
        VBox right = new VBox(GAP, head, halves);
        right.setMinWidth(0);
        setCenter(right);

        targets.getSelectionModel().selectedItemProperty().subscribe(t -> {
            if (t != null && !updating) {
                model.choose(t.exporter());
            }
        });
        share(List.of());
        model.viewProperty().subscribe(this::show);
    }

    /** Puts the keyboard into the list of formats. */
    public void focusTargets() {
        targets.requestFocus();
    }

    private static Label hint(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("hint");
        return label;
    }

    private static void copy(String text) {
        ClipboardContent content = new ClipboardContent();
        content.putString(text);
        Clipboard.getSystemClipboard().setContent(content);
    }

    private void show(View v) {
        updating = true;
        try {
            if (!targets.getItems().equals(v.targets())) {
                targets.getItems().setAll(v.targets());
            }
            int index = v.chosen()
                    .map(c ->
                            v.targets().stream().map(Target::exporter).toList().indexOf(c.exporter()))
                    .orElse(-1);
            if (index < 0) {
                targets.getSelectionModel().clearSelection();
            } else if (targets.getSelectionModel().getSelectedIndex() != index) {
                targets.getSelectionModel().clearAndSelect(index);
            }
            title.setText(v.chosen().map(t -> t.exporter().title()).orElse(""));
            verdict.setText(
                    !v.measured()
                            ? "The tensors are still being measured."
                            : v.chosen().map(Target::verdict).orElse(""));
            List<ExportProblem> found = v.chosen().map(Target::problems).orElse(List.of());
            long fixes = v.chosen().map(Target::fixes).orElse(0L);
            fixAll.setVisible(fixes > 0);
            fixAll.setText(
                    v.busy() ? "Applying…" : fixes == 1 ? "Apply the remedy" : "Apply all " + fixes + " remedies");
            fixAll.setDisable(!v.mayFix());
            if (!problems.getItems().equals(found)) {
                problems.getItems().setAll(found);
                share(found);
            }
            setStale(problems, v.previous());
            // Cells ask whether a remedy may be applied.
            problems.refresh();
            refused.setText(v.chosen().flatMap(Target::refused).orElse(""));
            loses.setText(v.chosen().map(Target::loses).orElse(""));
            options(v);
            preview(v);
        } finally {
            updating = false;
        }
    }

    /** As much room for the problems as they need, up to a share of the height. */
    private void share(List<ExportProblem> found) {
        boolean some = !found.isEmpty();
        if (some != halves.getItems().contains(problems)) {
            if (some) {
                halves.getItems().addFirst(problems);
            } else {
                halves.getItems().remove(problems);
            }
        }
        if (some) {
            double whole = size(found);
            halves.setDividerPositions(
                    halves.getHeight() > 0 ? Math.min(PROBLEMS_SHARE, whole / halves.getHeight()) : PROBLEMS_SHARE);
        }
    }

    /** Rows are as high as the longest problem needs at this width, so that none is cut. The height of all. */
    private double size(List<ExportProblem> found) {
        double width = Math.max(1, (problems.getWidth() > 0 ? problems.getWidth() : PROBLEMS_WIDTH) - PROBLEM_SIDES);
        Text measured = new Text();
        measured.setFont(Font.font(Fonts.SANS, HINT_SIZE));
        double longest = 0;
        for (String words : found.stream().map(TargetsView::words).collect(Collectors.toSet())) {
            measured.setText(words);
            longest = Math.max(longest, measured.getLayoutBounds().getWidth());
        }
        double row = PROBLEM_TITLE + PROBLEM_LINE * Math.max(1, Math.ceil(longest / width));
        double whole = found.size() * row + 4;
        problems.setFixedCellSize(row);
        problems.setMaxHeight(whole);
        problems.setMinHeight(Math.min(whole, MOST_PROBLEMS_WHOLE * row));
        return whole;
    }

    private static String words(ExportProblem p) {
        return p.why() + (p.remedy().isEmpty() ? "" : " → " + p.remedy());
    }

    private static void setStale(Node node, boolean stale) {
        if (stale && !node.getStyleClass().contains("previous")) {
            node.getStyleClass().add("previous");
        } else if (!stale) {
            node.getStyleClass().remove("previous");
        }
    }

    private void options(View v) {
        Exporter exporter = v.chosen().map(Target::exporter).orElse(null);
        if (exporter == null || exporter.equals(optionsOf)) {
            return;
        }
        optionsOf = exporter;
        List<Node> controls = new ArrayList<>();
        for (OptionDoc option : exporter.options()) {
            controls.add(option(option, v.options()));
        }
        options.getChildren().setAll(controls);
        options.setVisible(!controls.isEmpty());
    }

    private Node option(OptionDoc option, Map<String, String> values) {
        String value = values.getOrDefault(option.name(), option.defaultValue());
        Node control;
        if (option.type().startsWith("choice:")) {
            ComboBox<String> choice = new ComboBox<>();
            choice.getItems().setAll(option.type().substring("choice:".length()).split("\\|"));
            choice.setValue(value);
            choice.valueProperty().subscribe(x -> set(option, choice.getValue()));
            control = choice;
        } else if (option.type().equals("bool")) {
            CheckBox check = new CheckBox();
            check.setSelected(Boolean.parseBoolean(value));
            check.selectedProperty().subscribe(on -> set(option, Boolean.toString(on)));
            control = check;
        } else {
            TextField field = new TextField(value);
            field.setPrefWidth(FIELD_WIDTH);
            field.textProperty().subscribe(text -> set(option, text.strip()));
            control = field;
        }
        control.setId("export-option-" + option.name());
        Label name = new Label(option.name().replace('_', ' '));
        name.getStyleClass().add("muted");
        name.setLabelFor(control);
        Tooltip tip = new Tooltip(option.doc());
        tip.setWrapText(true);
        tip.setMaxWidth(TARGETS_WIDTH);
        name.setTooltip(tip);
        if (control instanceof Control c) {
            c.setTooltip(tip);
        }
        control.setAccessibleText(option.name());
        control.setAccessibleHelp(option.doc());
        HBox row = new HBox(GAP, name, control);
        row.setAlignment(Pos.CENTER_LEFT);
        return row;
    }

    private void set(OptionDoc option, @Nullable String value) {
        if (value != null && !updating) {
            model.setOption(option.name(), value);
        }
    }

    private void preview(View v) {
        if (v.preview().equals(shown)) {
            note(v);
            return;
        }
        shown = v.preview();
        List<String> names = shown.parts().stream().map(Preview.Part::name).toList();
        if (!part.getItems().equals(names)) {
            part.getItems().setAll(names);
            part.getSelectionModel().selectFirst();
        }
        part.setVisible(names.size() > 1);
        showPart();
        note(v);
    }

    private Optional<Preview.Part> part() {
        int i = Math.max(0, part.getSelectionModel().getSelectedIndex());
        return i < shown.parts().size() ? Optional.of(shown.parts().get(i)) : Optional.empty();
    }

    private void showPart() {
        Optional<Preview.Part> p = part();
        previewHead.setText(
                part.isVisible() ? "FILE" : p.map(Preview.Part::name).orElse("FILE"));
        List<String> lines = p.map(Preview.Part::lines).orElse(List.of());
        if (!preview.getItems().equals(lines)) {
            preview.getItems().setAll(lines);
        }
        preview.refresh();
        boolean text = p.map(Preview.Part::text).orElse(false);
        boolean marked = p.map(x -> !x.marked().isEmpty()).orElse(false);
        copy.setDisable(!text);
        copyTensor.setDisable(!text || !marked);
        touched = false;
        toMarked();
    }

    /** The marked lines come into sight, and stay there while the list gets its size. */
    private void toMarked() {
        // The list has to know how many lines it has before it goes to one.
        preview.layout();
        part().filter(p -> !p.marked().isEmpty())
                .ifPresent(p -> preview.scrollTo(Math.max(0, p.marked().first() - LINES_ABOVE)));
    }

    private void note(View v) {
        Optional<Preview.Part> p = part();
        String tensor = v.inHand().map(id -> id.name()).orElse("");
        previewNote.setText(v.previewProblem()
                .orElseGet(() -> p.isEmpty()
                        ? ""
                        : !p.get().text()
                                ? ""
                                : (p.get().marked().isEmpty()
                                                ? tensor + " is not in this file"
                                                : lines(p.get().marked().size()) + " for " + tensor)
                                        + (p.get().cut() ? "; only the beginning of the file is shown" : "")));
        previewNote.setManaged(!previewNote.getText().isEmpty());
        previewNote.setVisible(previewNote.isManaged());
    }

    private static String lines(int n) {
        return n == 1 ? "1 line" : n + " lines";
    }

    /** A format with how ready it is. */
    private static final class TargetCell extends ListCell<Target> {
        private final Label name = new Label();
        private final Label ending = new Label();
        private final Label state = new Label();
        private final HBox line;

        TargetCell() {
            ending.getStyleClass().add("hint");
            state.getStyleClass().add("hint");
            name.setMinWidth(0);
            state.setMinWidth(USE_PREF_SIZE);
            Region gap = new Region();
            HBox.setHgrow(gap, Priority.ALWAYS);
            HBox second = new HBox(ending, gap, state);
            VBox names = new VBox(name, second);
            names.setAlignment(Pos.CENTER_LEFT);
            HBox.setHgrow(names, Priority.ALWAYS);
            names.setMinWidth(0);
            line = new HBox(names);
            line.setAlignment(Pos.CENTER_LEFT);
            setPrefWidth(0);
        }

        @Override
        protected void updateItem(@Nullable Target target, boolean empty) {
            super.updateItem(target, empty);
            if (empty || target == null) {
                setGraphic(null);
                setTooltip(null);
                return;
            }
            name.setText(target.exporter().title());
            ending.setText("*" + target.exporter().extension() + (target.recent() ? " · used lately" : ""));
            state.setText((target.ready()
                            ? "✓ "
                            : target.errors() > 0 || target.refused().isPresent() ? "✕ " : "! ")
                    + target.state());
            state.getStyleClass().removeAll("warning", "loss");
            if (!target.ready()) {
                state.getStyleClass()
                        .add(target.errors() > 0 || target.refused().isPresent() ? "loss" : "warning");
            }
            setAccessibleText(target.exporter().title() + ", " + target.state());
            setTooltip(new Tooltip(
                    target.exporter().title() + "\n" + target.exporter().source()));
            setGraphic(line);
        }
    }

    /** A problem with its remedy. */
    private final class ProblemCell extends ListCell<ExportProblem> {
        private final Label mark = new Label();
        private final Label tensor = new Label();
        private final Label why = new Label();
        private final Button fix = new Button("Apply");
        private final HBox line;

        ProblemCell() {
            mark.setMinWidth(16);
            tensor.getStyleClass().add("problem-tensor");
            why.getStyleClass().add("hint");
            why.setWrapText(true);
            tensor.setMinWidth(0);
            tensor.setMinHeight(USE_PREF_SIZE);
            why.setMinWidth(0);
            fix.getStyleClass().add("remedy");
            fix.setMinWidth(USE_PREF_SIZE);
            fix.setOnAction(e -> {
                if (getItem() != null) {
                    model.fix(getItem());
                }
            });
            VBox words = new VBox(tensor, why);
            words.setAlignment(Pos.CENTER_LEFT);
            words.setMinWidth(0);
            HBox.setHgrow(words, Priority.ALWAYS);
            line = new HBox(GAP, mark, words, fix);
            line.setAlignment(Pos.CENTER_LEFT);
            setPrefWidth(0);
        }

        @Override
        protected void updateItem(@Nullable ExportProblem p, boolean empty) {
            super.updateItem(p, empty);
            if (empty || p == null) {
                setGraphic(null);
                setTooltip(null);
                return;
            }
            boolean error = p.severity() == ExportProblem.Severity.ERROR;
            mark.setText(error ? "✕" : "!");
            mark.getStyleClass().setAll("label", error ? "loss" : "warning");
            tensor.setText(p.tensor().isEmpty() ? "The model" : model.name(p.tensor()));
            why.setText(words(p));
            fix.setVisible(p.fix().isPresent());
            fix.setManaged(p.fix().isPresent());
            fix.setDisable(!model.viewProperty().get().mayFix());
            fix.setTooltip(
                    new Tooltip(p.fix().map(edit -> edit.title() + " (Enter)").orElse("")));
            String all = (error ? "Error: " : "Warning: ") + tensor.getText() + ": " + p.why()
                    + (p.remedy().isEmpty() ? "" : ". To do: " + p.remedy());
            setAccessibleText(all);
            Tooltip tip =
                    new Tooltip(tensor.getText() + ": " + p.why() + (p.remedy().isEmpty() ? "" : "\n→ " + p.remedy()));
            tip.setWrapText(true);
            tip.setMaxWidth(TARGETS_WIDTH * 2);
            setTooltip(tip);
            setGraphic(line);
        }
    }

    /** A line of the file. */
    private final class LineCell extends ListCell<String> {
        @Override
        protected void updateItem(@Nullable String text, boolean empty) {
            super.updateItem(text, empty);
            getStyleClass().remove("marked");
            if (empty || text == null) {
                setText(null);
                return;
            }
            setText(text.length() > LONGEST_LINE ? text.substring(0, LONGEST_LINE) + " …" : text);
            if (part().map(p -> p.marked().contains(getIndex())).orElse(false)) {
                getStyleClass().add("marked");
            }
        }
    }
}
