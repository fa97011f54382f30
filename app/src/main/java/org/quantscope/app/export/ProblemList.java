package org.quantscope.app.export;

import java.util.List;
import java.util.stream.Collectors;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.scene.text.Font;
import javafx.scene.text.Text;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.Fonts;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.io.Invisible;

/** The list of a format's problems, each with its remedy. All rows are as high as the longest problem needs. */
final class ProblemList extends ListView<ExportProblem> {
    private static final double GAP = 8;
    private static final double TITLE = 28;
    private static final double LINE = 16;
    /** Width in a line of a problem that the mark, the button and the scroll bar take, in pixels. */
    private static final double SIDES = 140;

    private static final double USUAL_WIDTH = 680;
    private static final double HINT_SIZE = 12;
    private static final double TIP_WIDTH = 744;
    private static final int MOST_WHOLE = 2;

    private final TargetsViewModel model;
    private boolean updating;

    ProblemList(TargetsViewModel model) {
        this.model = model;
        setId("export-problems");
        getStyleClass().add("plain-list");
        setAccessibleText("What the format does not take as it is. Enter applies the remedy.");
        setCellFactory(list -> new ProblemCell());
        widthProperty().subscribe((was, is) -> fit());
        getSelectionModel().selectedItemProperty().subscribe(p -> {
            if (p != null && !updating) {
                model.select(p);
            }
        });
        addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            ExportProblem p = getSelectionModel().getSelectedItem();
            if (e.getCode() == KeyCode.ENTER && equals(e.getTarget()) && p != null) {
                model.fix(p);
                e.consume();
            }
        });
    }

    /**
     * Shows problems.
     *
     * @param previous true if they belong to earlier settings
     * @return true if they differ from those before
     */
    boolean show(List<ExportProblem> found, boolean previous) {
        updating = true;
        try {
            boolean others = !getItems().equals(found);
            if (others) {
                getItems().setAll(found);
                fit();
            }
            getStyleClass().remove("previous");
            if (previous) {
                getStyleClass().add("previous");
            }
            // The cells look up whether their remedy may be applied, so they must be drawn again.
            refresh();
            return others;
        } finally {
            updating = false;
        }
    }

    /**
     * Makes all rows as high as the longest problem needs at this width, so that none is cut.
     *
     * @return the height of all rows together
     */
    double fit() {
        List<ExportProblem> found = getItems();
        double width = Math.max(1, (getWidth() > 0 ? getWidth() : USUAL_WIDTH) - SIDES);
        Text measured = new Text();
        measured.setFont(Font.font(Fonts.SANS, HINT_SIZE));
        double longest = 0;
        for (String words : found.stream().map(ProblemList::words).collect(Collectors.toSet())) {
            measured.setText(words);
            longest = Math.max(longest, measured.getLayoutBounds().getWidth());
        }
        double row = TITLE + LINE * Math.max(1, Math.ceil(longest / width));
        double whole = found.size() * row + 4;
        setFixedCellSize(row);
        setMaxHeight(whole);
        setMinHeight(Math.min(whole, MOST_WHOLE * row));
        return whole;
    }

    private static String words(ExportProblem p) {
        return p.why() + (p.remedy().isEmpty() ? "" : " → " + p.remedy());
    }

    /** A problem, with a button for its remedy. */
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
            String reason = Invisible.escaped(p.why());
            String remedy = Invisible.escaped(p.remedy());
            boolean error = p.severity() == ExportProblem.Severity.ERROR;
            mark.setText(error ? "✕" : "!");
            mark.getStyleClass().setAll("label", error ? "loss" : "warning");
            tensor.setText(p.tensor().isEmpty() ? "The model" : model.name(p.tensor()));
            why.setText(Invisible.escaped(words(p)));
            fix.setVisible(p.fix().isPresent());
            fix.setManaged(p.fix().isPresent());
            fix.setDisable(!model.viewProperty().get().mayFix());
            fix.setTooltip(new Tooltip(p.fix()
                    .map(edit -> Invisible.escaped(edit.title()) + " (Enter)")
                    .orElse("")));
            String all = (error ? "Error: " : "Warning: ") + tensor.getText() + ": " + reason
                    + (remedy.isEmpty() ? "" : ". To do: " + remedy);
            setAccessibleText(all);
            Tooltip tip = new Tooltip(tensor.getText() + ": " + reason + (remedy.isEmpty() ? "" : "\n→ " + remedy));
            tip.setWrapText(true);
            tip.setMaxWidth(TIP_WIDTH);
            setTooltip(tip);
            setGraphic(line);
        }
    }
}
