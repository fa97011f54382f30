package org.quantscope.app.export;

import java.util.List;
import javafx.geometry.Insets;
import javafx.geometry.Orientation;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ListView;
import javafx.scene.control.SplitPane;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.controlsfx.control.textfield.TextFields;
import org.quantscope.core.export.ExportProblem;

/** The formats on the left; on the right the problems, the options and a preview of the chosen one. */
public final class TargetsView extends BorderPane {
    private static final double GAP = 8;
    private static final double TARGETS_WIDTH = 408;
    private static final double TARGET_HEIGHT = 44;
    private static final double LINE_HEIGHT = 18;
    private static final double PROBLEMS_SHARE = 0.42;

    private final TextField filter = TextFields.createClearableTextField();
    private final ListView<CheckedFormat> targets = new ListView<>();
    private final Label title = new Label();
    private final Label verdict = new Label();
    private final Button fixAll = new Button();
    private final ProblemList problems;
    private final OptionsPane options;
    private final Label refused = new Label();
    private final Label loses = new Label();
    private final Label stays = new Label();
    private final Tooltip reasons = new Tooltip();
    private final FilePreview preview = new FilePreview();
    private final SplitPane halves;
    private final VBox below;
    private boolean updating;

    public TargetsView(TargetsViewModel model) {
        this.problems = new ProblemList(model);
        this.options = new OptionsPane(model::setOption);
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
        targets.setPlaceholder(hint("No format has a name like this."));
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
        refused.setId("export-option-note");
        refused.getStyleClass().addAll("hint", "loss");
        refused.setWrapText(true);
        refused.setMinHeight(Region.USE_PREF_SIZE);
        refused.managedProperty().bind(refused.textProperty().isNotEmpty());

        VBox.setVgrow(preview, Priority.ALWAYS);
        loses.setId("export-loses");
        loses.getStyleClass().add("hint");
        loses.setWrapText(true);
        loses.setMinHeight(Region.USE_PREF_SIZE);
        stays.setId("export-left-float");
        stays.getStyleClass().add("hint");
        stays.setWrapText(true);
        stays.setMinHeight(Region.USE_PREF_SIZE);
        stays.managedProperty().bind(stays.textProperty().isNotEmpty());
        stays.setTooltip(reasons);
        below = new VBox(GAP, options, refused, preview, stays, loses);
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

    /** Focuses the list of formats. */
    public void focusTargets() {
        targets.requestFocus();
    }

    private static Label hint(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("hint");
        return label;
    }

    private void show(TargetsState v) {
        updating = true;
        try {
            if (!targets.getItems().equals(v.targets())) {
                targets.getItems().setAll(v.targets());
            }
            int index = v.chosen()
                    .map(c -> v.targets().stream()
                            .map(CheckedFormat::exporter)
                            .toList()
                            .indexOf(c.exporter()))
                    .orElse(-1);
            if (index < 0) {
                targets.getSelectionModel().clearSelection();
            } else if (targets.getSelectionModel().getSelectedIndex() != index) {
                targets.getSelectionModel().clearAndSelect(index);
            }
            title.setText(v.chosen().map(t -> t.exporter().title()).orElse(""));
            verdict.setText(v.progress()
                    .waitsFor()
                    .map(TargetsView::sentence)
                    .orElseGet(() -> v.chosen().map(CheckedFormat::verdict).orElse("")));
            List<ExportProblem> found = v.chosen().map(CheckedFormat::problems).orElse(List.of());
            long fixes = v.chosen().map(CheckedFormat::fixes).orElse(0L);
            fixAll.setVisible(fixes > 0);
            fixAll.setText(
                    v.progress().busy()
                            ? "Applying…"
                            : fixes == 1 ? "Apply the remedy" : "Apply all " + fixes + " remedies");
            fixAll.setDisable(!v.mayFix());
            if (problems.show(found, v.progress().previous())) {
                share(found);
            }
            refused.setText(v.chosen().flatMap(CheckedFormat::refused).orElse(""));
            stays.setText(v.chosen().map(CheckedFormat::stays).orElse(""));
            reasons.setText(v.chosen().map(CheckedFormat::reasons).orElse(""));
            loses.setText(v.chosen().map(CheckedFormat::loses).orElse(""));
            options.show(v.chosen().map(CheckedFormat::exporter), v.options());
            preview.show(v);
        } finally {
            updating = false;
        }
    }

    /** Gives the problems as much height as they need, up to a share of the whole. */
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
            double whole = problems.fit();
            halves.setDividerPositions(
                    halves.getHeight() > 0 ? Math.min(PROBLEMS_SHARE, whole / halves.getHeight()) : PROBLEMS_SHARE);
        }
    }

    private static String sentence(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
    }
}
