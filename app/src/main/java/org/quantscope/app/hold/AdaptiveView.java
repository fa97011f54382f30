package org.quantscope.app.hold;

import java.util.Optional;
import java.util.function.Function;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.hold.AdaptiveState.Row;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.SteadyLabel;
import org.quantscope.core.adaptive.AdaptiveComparison.Figure;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.PairedInterval;

/** Ranges of activations from five places: one line for each place and data set. */
public final class AdaptiveView extends VBox {
    private static final double GAP = 12;
    private static final double NAME_WIDTH = 150;
    private static final double COUNT_WIDTH = 52;
    private static final double MODE_WIDTH = 84;
    private static final double NUMBER_WIDTH = 72;
    private static final double INTERVAL_WIDTH = 118;

    private final Label why = hint("adaptive-why");
    private final Label also = hint("adaptive-also");
    private final Button add = new Button("Add data…");
    private final HBox head = new HBox(GAP, also, add);
    private final TableView<Row> table = new TableView<>();
    private final Label notes = hint("adaptive-notes");
    private final ProgressBar bar = new ProgressBar();
    private final Label doing = new SteadyLabel();
    private final HBox progress = new HBox(GAP, bar, doing);
    private final Subscription watching;

    /** @param choose lets the user choose another data set */
    public AdaptiveView(AdaptiveViewModel model, Runnable choose) {
        super(GAP);
        setPadding(new Insets(GAP));
        add.setId("adaptive-add");
        add.setMinWidth(USE_PREF_SIZE);
        add.setOnAction(e -> choose.run());
        HBox.setHgrow(also, Priority.ALWAYS);
        also.setMaxWidth(Double.MAX_VALUE);
        head.setAlignment(Pos.CENTER_LEFT);
        table.setId("adaptive-table");
        table.setPlaceholder(new Label("fixed, of each batch, of each sample, a window, clusters"));
        column("data", NAME_WIDTH, r -> r.column().data());
        column("n", COUNT_WIDTH, r -> Figures.count(r.column().samples()));
        column("ranges", MODE_WIDTH, r -> r.cell().mode().title());
        column("float", NUMBER_WIDTH, r -> figure(r, f -> score(f, f.figure().floatScore())));
        column(
                "quantized",
                NUMBER_WIDTH,
                r -> r.cell()
                        .refusal()
                        .map(no -> "refused: " + no)
                        .orElseGet(() -> figure(r, f -> score(f, f.figure().score()))));
        column(
                "difference",
                NUMBER_WIDTH,
                r -> figure(r, f -> score(f, f.figure().delta())));
        column(
                "95 %",
                INTERVAL_WIDTH,
                r -> figure(r, f -> f.delta().map(d -> ends(f, d)).orElse("")));
        column(
                "to fixed",
                NUMBER_WIDTH,
                r -> figure(
                        r,
                        f -> f.againstFixed()
                                .map(p -> score(
                                        f,
                                        (double) (p.gained() - p.lost())
                                                / f.figure().seen()))
                                .orElse("")));
        column(
                "95 % to fixed",
                INTERVAL_WIDTH,
                r -> figure(
                        r, f -> f.againstFixed().map(p -> ends(f, p.interval())).orElse("")));
        VBox.setVgrow(table, Priority.ALWAYS);
        bar.setAccessibleText("Progress of the comparison");
        doing.setId("adaptive-doing");
        doing.getStyleClass().add("hint");
        progress.setAlignment(Pos.CENTER_LEFT);
        getChildren().addAll(why, head, table, notes, progress);
        watching = model.viewProperty().subscribe(this::show);
    }

    private static Label hint(String id) {
        Label label = new Label();
        label.setId(id);
        label.getStyleClass().add("hint");
        label.setWrapText(true);
        label.setMinHeight(USE_PREF_SIZE);
        return label;
    }

    private void column(String title, double width, Function<Row, String> text) {
        TableColumn<Row, String> column = new TableColumn<>(title);
        column.setCellValueFactory(c -> new ReadOnlyStringWrapper(text.apply(c.getValue())));
        column.setPrefWidth(width);
        column.setSortable(false);
        column.setReorderable(false);
        table.getColumns().add(column);
    }

    private static String figure(Row row, Function<Figure, String> text) {
        Optional<Figure> figure = row.cell().figure();
        return figure.map(text).orElse("");
    }

    private static String score(Figure f, double value) {
        AccuracyEstimate of = f.figure();
        return of.task().isFraction() ? Figures.percent(value) : Figures.small(value);
    }

    private static String ends(Figure f, PairedInterval of) {
        return score(f, of.lo()) + " … " + score(f, of.hi());
    }

    private void show(AdaptiveState v) {
        why.setText(v.obstacle());
        shown(why, !v.obstacle().isEmpty());
        head.setDisable(!v.obstacle().isEmpty());
        also.setText(
                v.others().isEmpty()
                        ? "On the evaluation data; add field or night recordings to see more."
                        : "Also on " + String.join(", ", v.others()) + ".");
        if (!table.getItems().equals(v.rows())) {
            table.getItems().setAll(v.rows());
        }
        notes.setText(
                (v.stale() ? "These figures belong to earlier settings or data. " : "") + String.join(" ", v.notes()));
        shown(notes, !notes.getText().isEmpty());
        shown(progress, v.running());
        bar.setProgress(v.share() < 0 ? ProgressBar.INDETERMINATE_PROGRESS : v.share());
        doing.setText(v.doing());
    }

    private static void shown(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }

    /** Looks no more. */
    public void close() {
        watching.unsubscribe();
    }
}
