package org.quantscope.app.departure;

import java.util.OptionalDouble;
import java.util.function.Function;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.Tooltip;
import org.quantscope.app.ui.Figures;

/** A table of names and figures, whose columns say what they hold. */
final class FigureTable<T> extends TableView<T> {
    private static final double HEAD_INSETS = 20;
    private static final double LEAST_HEIGHT = 140;
    private static final double LEAST_WIDTH = 64;
    private static final double TIP_WIDTH = 420;

    FigureTable(String id, String accessible) {
        setId(id);
        setAccessibleText(accessible);
        setMinHeight(LEAST_HEIGHT);
        setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_ALL_COLUMNS);
        setPlaceholder(new Label(""));
    }

    /** A column of names or words. */
    FigureTable<T> words(String title, double width, String tip, Function<T, String> text) {
        column(title, width, tip, text).setMinWidth(LEAST_WIDTH);
        return this;
    }

    /** A column of figures, flush right. */
    FigureTable<T> figures(String title, double width, String tip, Function<T, String> text) {
        TableColumn<T, String> column = column(title, width, tip, text);
        column.setMinWidth(width);
        column.setStyle("-fx-alignment: center-right;");
        if (column.getGraphic() instanceof Label head) {
            head.setAlignment(Pos.CENTER_RIGHT);
            head.prefWidthProperty().bind(column.widthProperty().subtract(HEAD_INSETS));
        }
        return this;
    }

    private TableColumn<T, String> column(String title, double width, String tip, Function<T, String> text) {
        TableColumn<T, String> column = new TableColumn<>();
        Label head = new Label(title);
        head.setTooltip(tip(tip));
        column.setGraphic(head);
        column.setPrefWidth(width);
        column.setSortable(false);
        column.setReorderable(false);
        column.setCellValueFactory(cell -> new ReadOnlyStringWrapper(text.apply(cell.getValue())));
        getColumns().add(column);
        return column;
    }

    static Tooltip tip(String text) {
        Tooltip tip = new Tooltip(text);
        tip.setWrapText(true);
        tip.setMaxWidth(TIP_WIDTH);
        return tip;
    }

    static String decibels(OptionalDouble db) {
        return db.isEmpty()
                ? Figures.NONE
                : Double.isInfinite(db.getAsDouble()) ? "equal" : Figures.small(db.getAsDouble());
    }
}
