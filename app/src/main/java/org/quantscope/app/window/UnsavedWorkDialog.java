package org.quantscope.app.window;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import javafx.beans.binding.Bindings;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar.ButtonData;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.DialogPane;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.OverrunStyle;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Questions.Resume;
import org.quantscope.app.session.UnsavedWork;
import org.quantscope.core.io.Invisible;

/** Offers work that earlier runs did not save, one line for each copy. */
final class UnsavedWorkDialog extends Dialog<Resume> {
    private static final double WIDTH = 560;
    private static final double ROW = 62;
    private static final int MOST_ROWS = 5;
    private static final double GAP = 10;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT);
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT);

    private final ListView<UnsavedWork> list = new ListView<>();

    UnsavedWorkDialog(List<UnsavedWork> works) {
        setTitle("Unsaved work");
        setHeaderText("Unsaved work");
        list.setId("unsaved-work");
        list.setAccessibleText("Unsaved work of earlier runs");
        list.getItems().setAll(works);
        list.setCellFactory(all -> new Line());
        list.setFixedCellSize(ROW);
        list.setPrefSize(WIDTH, Math.min(MOST_ROWS, works.size()) * ROW + 2);
        list.getSelectionModel().selectFirst();
        Label what = new Label(
                works.size() == 1
                        ? "A copy of these settings was kept. Take them up again?"
                        : "Copies of these settings were kept. Take one up again? The others stay for later.");
        DialogPane pane = getDialogPane();
        // A window manager would cut the buttons off.
        pane.setMinSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
        pane.setContent(new VBox(GAP, what, list));
        ButtonType restore = new ButtonType("Restore", ButtonData.OK_DONE);
        ButtonType discard = new ButtonType("Discard…", ButtonData.LEFT);
        ButtonType later = new ButtonType("Later", ButtonData.CANCEL_CLOSE);
        pane.getButtonTypes().setAll(restore, discard, later);
        prepare(pane.lookupButton(restore), "unsaved-restore", "Open the model with these settings (Enter)");
        prepare(pane.lookupButton(discard), "unsaved-discard", "Delete this copy, after a question (Del)");
        prepare(
                pane.lookupButton(later),
                "unsaved-later",
                "Keep every copy; they are under Open › Unsaved work… (Esc)");
        for (ButtonType needsOne : List.of(restore, discard)) {
            pane.lookupButton(needsOne)
                    .disableProperty()
                    .bind(Bindings.isNull(list.getSelectionModel().selectedItemProperty()));
        }
        // Wherever the focus is, the keys are those of the list.
        pane.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            switch (e.getCode()) {
                case ENTER -> ((Button) pane.lookupButton(focused(pane, discard, later, restore))).fire();
                case DELETE -> ((Button) pane.lookupButton(discard)).fire();
                case UP -> list.getSelectionModel().selectPrevious();
                case DOWN -> list.getSelectionModel().selectNext();
                default -> {
                    return;
                }
            }
            e.consume();
        });
        list.setOnMouseClicked(e -> {
            if (e.getButton() == MouseButton.PRIMARY && e.getClickCount() == 2) {
                ((Button) pane.lookupButton(restore)).fire();
            }
        });
        setOnShown(e -> list.requestFocus());
        setResultConverter(button -> {
            UnsavedWork chosen = list.getSelectionModel().getSelectedItem();
            return chosen == null || button == null || button == later
                    ? new Resume.Later()
                    : button == restore ? new Resume.Restore(chosen) : new Resume.Discard(chosen);
        });
    }

    /** The one of the first two buttons that has the focus, or else the last. */
    private static ButtonType focused(DialogPane pane, ButtonType first, ButtonType second, ButtonType otherwise) {
        return pane.lookupButton(first).isFocused()
                ? first
                : pane.lookupButton(second).isFocused() ? second : otherwise;
    }

    private static void prepare(Node button, String id, String tip) {
        button.setId(id);
        if (button instanceof Button b) {
            b.setTooltip(new Tooltip(tip));
        }
    }

    /** What is known about the run that left it. */
    static String said(UnsavedWork.Left left) {
        return switch (left) {
            case UnsavedWork.Left.Ended e -> "its window ended before they were saved";
            case UnsavedWork.Left.MayRunOn on -> "its window may still be open on " + on.computer();
            case UnsavedWork.Left.EarlierVersion v -> "by an earlier version, which may still be open";
        };
    }

    /** The time of day, with the date if it is not that of today. */
    static String said(Instant time, LocalDate today, ZoneId zone) {
        LocalDateTime at = LocalDateTime.ofInstant(time, zone);
        return at.toLocalDate().equals(today) ? "today " + TIME.format(at) : DAY.format(at);
    }

    private static final class Line extends ListCell<UnsavedWork> {
        private final Label name = new Label();
        private final Label folder = new Label();
        private final Label when = new Label();
        private final VBox box = new VBox(name, when, folder);

        Line() {
            name.getStyleClass().add("card-title");
            folder.getStyleClass().add("muted");
            folder.setTextOverrun(OverrunStyle.CENTER_ELLIPSIS);
            box.setMinWidth(0);
            box.setPrefWidth(0);
        }

        @Override
        protected void updateItem(@Nullable UnsavedWork work, boolean empty) {
            super.updateItem(work, empty);
            if (empty || work == null) {
                setGraphic(null);
                setTooltip(null);
                setAccessibleText(null);
                return;
            }
            ZoneId zone = ZoneId.systemDefault();
            name.setText("Settings for " + Invisible.escaped(work.name()));
            when.setText(said(work.written(), LocalDate.now(zone), zone) + " · " + said(work.left()));
            folder.setText(Invisible.escaped(String.valueOf(work.model().getParent())));
            setTooltip(new Tooltip(
                    work.model() + work.session().map(s -> "\nSession: " + s).orElse("") + "\nCopy: " + work.file()));
            setAccessibleText(name.getText() + ", " + when.getText());
            setGraphic(box);
        }
    }
}
