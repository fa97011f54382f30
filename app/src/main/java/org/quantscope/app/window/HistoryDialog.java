package org.quantscope.app.window;

import java.util.ArrayList;
import java.util.List;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.stage.Modality;
import javafx.util.Subscription;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.session.History;

/** Every edit since the model was opened, the present point marked; a click or Enter goes to a point. */
final class HistoryDialog extends Dialog<Void> {
    private static final double WIDTH = 420;
    private static final double HEIGHT = 460;
    private static final double MIN_WIDTH = 280;
    private static final double MIN_HEIGHT = 220;

    /**
     * A point of the history.
     *
     * @param steps that are done there
     * @param words of the last of them
     * @param undone true if it lies ahead of the present point
     */
    private record Point(int steps, String words, boolean present, boolean undone, boolean saved) {}

    private final Workbench bench;
    private final ListView<Point> list = new ListView<>();

    HistoryDialog(Workbench bench, Settings settings) {
        this.bench = bench;
        setTitle("History");
        initModality(Modality.NONE);
        list.setId("history-list");
        list.setAccessibleText("History of edits; Enter goes to one");
        list.setCellFactory(view -> new PointCell());
        list.addEventHandler(KeyEvent.KEY_PRESSED, e -> {
            if (e.getCode() == KeyCode.ENTER) {
                go();
                e.consume();
            }
        });
        list.setOnMouseClicked(e -> go());
        getDialogPane().setContent(list);
        getDialogPane().getButtonTypes().add(ButtonType.CLOSE);
        new RememberedSize(settings, "history", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        Subscription watching = bench.stateProperty().subscribe(x -> refresh());
        setOnShown(e -> list.requestFocus());
        setOnHidden(e -> watching.unsubscribe());
    }

    private void go() {
        Point chosen = list.getSelectionModel().getSelectedItem();
        if (chosen != null && !chosen.present) {
            bench.goTo(chosen.steps);
        }
    }

    private void refresh() {
        List<Point> points = new ArrayList<>();
        bench.history().ifPresent(history -> {
            List<String> titles = history.titles();
            points.add(point(history, 0, titles.size() < History.DEPTH ? "as opened" : "the earliest point kept"));
            for (int i = 0; i < titles.size(); i++) {
                points.add(point(history, i + 1, Invisible.escaped(titles.get(i))));
            }
        });
        if (!list.getItems().equals(points)) {
            list.getItems().setAll(points);
            int present = bench.history().map(History::position).orElse(-1);
            list.getSelectionModel().clearAndSelect(present);
            list.scrollTo(Math.max(0, present - 2));
        }
    }

    private static Point point(History history, int steps, String words) {
        return new Point(
                steps, words, steps == history.position(), steps > history.position(), history.isSavedAt(steps));
    }

    private static final class PointCell extends ListCell<Point> {
        @Override
        protected void updateItem(Point point, boolean empty) {
            super.updateItem(point, empty);
            getStyleClass().removeAll("undone", "present");
            if (empty || point == null) {
                setText(null);
                return;
            }
            setText((point.present ? "▸ " : "   ") + point.words + (point.saved ? "  · saved" : ""));
            setAccessibleText(point.words
                    + (point.present ? ", the present point" : point.undone ? ", undone" : "")
                    + (point.saved ? ", saved" : ""));
            if (point.undone) {
                getStyleClass().add("undone");
            }
            if (point.present) {
                getStyleClass().add("present");
            }
        }
    }
}
