package org.quantscope.app.sweep;

import java.util.function.Function;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.collections.FXCollections;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableRow;
import javafx.scene.control.TableView;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.sweep.SweepViewModel.Line;
import org.quantscope.app.sweep.SweepViewModel.Nothing;
import org.quantscope.app.sweep.SweepViewModel.Ranking;
import org.quantscope.app.sweep.SweepViewModel.Reading;
import org.quantscope.app.ui.Figures;

/** The ranking of a sweep as a table, and the button that goes to the settings of a line. */
public final class SweepView extends VBox {
    private static final double GAP = 10;

    private final SweepViewModel model;
    private final Label head = new Label();
    private final Label note = new Label();
    private final TableView<Line> table = new TableView<>();
    private final Button go = new Button("Go to these settings");
    private final Label refusal = new Label();

    /** @param choose lets the user choose the folder of a sweep */
    public SweepView(SweepViewModel model, Runnable choose) {
        super(GAP);
        this.model = model;
        head.setId("sweep-head");
        head.getStyleClass().add("title");
        note.setId("sweep-note");
        note.getStyleClass().add("hint");
        note.setWrapText(true);
        note.setMinHeight(Region.USE_PREF_SIZE);
        refusal.getStyleClass().add("hint");
        Button other = new Button("Choose a folder…");
        other.setId("sweep-choose");
        other.setOnAction(e -> choose.run());
        go.setId("sweep-go");
        go.setOnAction(e -> adopt());
        table.setId("sweep-ranking");
        table.setAccessibleText("Settings of the sweep, best first");
        column("", 40, true, l -> Integer.toString(l.rank()));
        TableColumn<Line, String> settings =
                column("settings", 380, false, l -> l.result().settings());
        settings.setReorderable(false);
        column(
                "score",
                110,
                true,
                l -> Figures.score(l.result().metric(), l.result().score()));
        column(
                "float",
                110,
                true,
                l -> Figures.score(l.result().metric(), l.result().floatScore()));
        column("n", 80, true, l -> Figures.count(l.result().n()));
        column("size", 100, true, l -> Figures.bytes(l.result().bytes()));
        table.setOnKeyPressed(e -> {
            if (e.getCode() == KeyCode.ENTER) {
                adopt();
            }
        });
        table.setRowFactory(t -> {
            var row = new TableRow<Line>();
            row.setOnMouseClicked(e -> {
                if (e.getClickCount() == 2) {
                    adopt();
                }
            });
            return row;
        });
        table.getSelectionModel().selectedItemProperty().subscribe(this::chosen);
        VBox.setVgrow(table, Priority.ALWAYS);
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox buttons = new HBox(GAP, other, space, refusal, go);
        buttons.setAlignment(Pos.CENTER_LEFT);
        getChildren().addAll(head, table, note, buttons);
        model.viewProperty().subscribe(this::show);
    }

    private TableColumn<Line, String> column(String title, double width, boolean number, Function<Line, String> text) {
        TableColumn<Line, String> column = new TableColumn<>(title);
        column.setCellValueFactory(cell -> new ReadOnlyObjectWrapper<>(text.apply(cell.getValue())));
        column.setPrefWidth(width);
        column.setSortable(false);
        if (number) {
            column.getStyleClass().add("number");
        }
        table.getColumns().add(column);
        return column;
    }

    private void show(SweepViewModel.View view) {
        switch (view) {
            case Nothing(var why) -> {
                head.setText("No sweep is open");
                note.setText(why);
                table.setItems(FXCollections.observableArrayList());
                table.setPlaceholder(new Label("Choose the folder that quantscope sweep -o has written."));
            }
            case Reading(var folder) -> {
                head.setText("Reading " + folder.getFileName() + "…");
                note.setText("");
                table.setItems(FXCollections.observableArrayList());
                table.setPlaceholder(new Label("Reading…"));
            }
            case Ranking r -> {
                head.setText(Figures.count(r.lines().size()) + " results in "
                        + r.folder().getFileName());
                note.setText(r.note());
                table.setItems(FXCollections.observableArrayList(r.lines()));
                table.setPlaceholder(new Label("None of its points has been evaluated yet."));
                table.getSelectionModel().selectFirst();
            }
        }
        chosen(table.getSelectionModel().getSelectedItem());
    }

    private void chosen(@Nullable Line line) {
        go.setDisable(line == null || !line.refusal().isEmpty());
        refusal.setText(line == null ? "" : line.refusal());
    }

    private void adopt() {
        Line line = table.getSelectionModel().getSelectedItem();
        if (line != null) {
            model.adopt(line);
        }
    }
}
