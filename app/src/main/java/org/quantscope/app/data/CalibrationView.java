package org.quantscope.app.data;

import java.util.function.Function;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.Tooltip;
import javafx.scene.image.ImageView;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.data.CalibrationState.Row;
import org.quantscope.app.data.CalibrationState.Tile;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.SampleImages;
import org.quantscope.app.ui.SteadyLabel;
import org.quantscope.core.io.Invisible;

/** The verdict on the calibration data, each activation with how its range settles, and the odd samples as pictures. */
public final class CalibrationView extends VBox {
    private static final double GAP = 12;
    private static final double SMALL_GAP = 6;
    private static final double NAME_WIDTH = 150;
    private static final double RANGE_WIDTH = 130;
    private static final double HEAD_INSETS = 20;
    private static final double NUMBER_WIDTH = 84;
    private static final double TABLE_HEIGHT = 170;
    private static final double CHART_WIDTH = 300;
    private static final double PICTURE = 56;
    private static final double TILE_WIDTH = 200;
    private static final double ODD_HEIGHT = 170;
    private static final double TIP_WIDTH = 420;

    private final CalibrationViewModel model;
    private final Label verdict = new Label();
    private final Label why = hint("calibration-why");
    private final Button data = new Button("Choose data…");
    private final HBox obstacle = new HBox(GAP, why, data);
    private final TableView<Row> table = new TableView<>();
    private final CourseChart chart;
    private final HBox middle;
    private final Label heading = new Label("Samples that stand out, the oddest first");
    private final FlowPane odd = new FlowPane(GAP, GAP);
    private final FlowPane left = new FlowPane(SMALL_GAP, SMALL_GAP);
    private final VBox samples;
    private final ProgressBar bar = new ProgressBar();
    private final Label doing = new SteadyLabel();
    private final HBox progress = new HBox(GAP, bar, doing);
    private final Label notes = hint("calibration-notes");
    private final Subscription watching;

    /** @param chooseData lets the user choose calibration data */
    public CalibrationView(CalibrationViewModel model, Palette palette, Runnable chooseData) {
        super(GAP);
        this.model = model;
        this.chart = new CourseChart(palette);
        setPadding(new Insets(GAP));
        verdict.setId("calibration-verdict");
        verdict.getStyleClass().add("strong");
        verdict.setWrapText(true);
        verdict.setMinHeight(USE_PREF_SIZE);
        data.setId("calibration-choose-data");
        data.setMinWidth(USE_PREF_SIZE);
        data.setOnAction(e -> chooseData.run());
        obstacle.setAlignment(Pos.CENTER_LEFT);
        columns();
        chart.setPrefWidth(CHART_WIDTH);
        chart.setMinWidth(CHART_WIDTH);
        HBox.setHgrow(table, Priority.ALWAYS);
        middle = new HBox(GAP, table, chart);
        heading.setId("calibration-odd-heading");
        heading.getStyleClass().add("muted");
        odd.setId("calibration-odd");
        left.setId("calibration-left-out");
        left.setAlignment(Pos.CENTER_LEFT);
        ScrollPane scroll = new ScrollPane(odd);
        scroll.setFitToWidth(true);
        scroll.setMinHeight(ODD_HEIGHT);
        scroll.setAccessibleText("Samples that stand out");
        VBox.setVgrow(scroll, Priority.ALWAYS);
        samples = new VBox(SMALL_GAP, heading, scroll);
        progress.setAlignment(Pos.CENTER_LEFT);
        bar.setAccessibleText("Progress of looking at the data");
        doing.setId("calibration-doing");
        doing.getStyleClass().add("hint");
        VBox.setVgrow(middle, Priority.ALWAYS);
        VBox.setVgrow(samples, Priority.ALWAYS);
        getChildren().addAll(verdict, obstacle, middle, samples, left, progress, notes);
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

    private static Tooltip tip(String text) {
        Tooltip tip = new Tooltip(text);
        tip.setWrapText(true);
        tip.setMaxWidth(TIP_WIDTH);
        return tip;
    }

    private void columns() {
        table.setId("calibration-rows");
        table.setAccessibleText("Activations and their ranges");
        table.setMinHeight(TABLE_HEIGHT);
        table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_ALL_COLUMNS);
        table.setPlaceholder(new Label(""));
        column(
                "activation",
                NAME_WIDTH,
                false,
                "The one whose range a single sample widens most comes first",
                Row::shown);
        column("range", RANGE_WIDTH, true, "From the least to the largest value of all samples", Row::range);
        column(
                "set by",
                NUMBER_WIDTH,
                true,
                "The sample whose absence narrows the range most, counted from 0",
                r -> "sample " + r.setBy());
        column(
                "narrower by",
                NUMBER_WIDTH,
                true,
                "How much the range shrinks without that sample",
                r -> Figures.percent(r.narrowed()));
        column(
                "outside",
                NUMBER_WIDTH,
                true,
                "Share of its values on the evaluation data beyond this range",
                r -> r.outside().isPresent() ? Figures.percent(r.outside().getAsDouble()) : Figures.NONE);
        table.getSelectionModel().selectedItemProperty().subscribe(row -> {
            if (row != null) {
                chart.show(row.shown(), row.course());
            }
        });
    }

    private void column(String title, double width, boolean right, String tip, Function<Row, String> text) {
        TableColumn<Row, String> column = new TableColumn<>();
        Label head = new Label(title);
        head.setTooltip(tip(tip));
        column.setGraphic(head);
        column.setPrefWidth(width);
        column.setMinWidth(right ? NUMBER_WIDTH : NUMBER_WIDTH / 2);
        column.setSortable(false);
        column.setReorderable(false);
        column.setCellValueFactory(cell -> new ReadOnlyStringWrapper(text.apply(cell.getValue())));
        if (right) {
            column.setStyle("-fx-alignment: center-right;");
            head.setAlignment(Pos.CENTER_RIGHT);
            head.prefWidthProperty().bind(column.widthProperty().subtract(HEAD_INSETS));
        }
        table.getColumns().add(column);
    }

    /** Takes the colours of a theme. */
    public void setPalette(Palette palette) {
        chart.setPalette(palette);
    }

    /** Stops watching the model. */
    public void close() {
        watching.unsubscribe();
    }

    private static void visible(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }

    private void show(CalibrationState v) {
        boolean some = !v.rows().isEmpty();
        verdict.setText(v.verdict() + (v.previous() && !v.running() ? " (of other data or settings: look again)" : ""));
        visible(verdict, some);
        why.setText(v.obstacle());
        visible(obstacle, !v.obstacle().isEmpty());
        visible(data, v.lacksData());
        visible(middle, some);
        visible(samples, some);
        middle.setOpacity(v.previous() ? 0.5 : 1);
        visible(progress, v.running());
        bar.setProgress(v.share() < 0 ? ProgressBar.INDETERMINATE_PROGRESS : v.share());
        doing.setText(v.doing());
        notes.setText(String.join(" ", v.notes()));
        visible(notes, !v.notes().isEmpty());
        if (!table.getItems().equals(v.rows())) {
            Row before = table.getSelectionModel().getSelectedItem();
            table.getItems().setAll(v.rows());
            table.getSelectionModel()
                    .select(v.rows().stream()
                            .filter(r -> before != null && r.name().equals(before.name()))
                            .findFirst()
                            .orElse(some ? v.rows().getFirst() : null));
        }
        odd.getChildren().setAll(v.odd().stream().map(this::tile).toList());
        left.getChildren().setAll(v.leftOut().stream().map(this::again).toList());
        if (!v.leftOut().isEmpty()) {
            Label of = new Label("Left out");
            of.getStyleClass().add("muted");
            left.getChildren().addFirst(of);
        }
        visible(left, !v.leftOut().isEmpty());
    }

    private Node tile(Tile sample) {
        StackPane picture = new StackPane();
        picture.getStyleClass().add("sample-tile");
        picture.setMinSize(PICTURE, PICTURE);
        picture.setMaxSize(PICTURE, PICTURE);
        sample.picture().ifPresent(of -> {
            ImageView image = new ImageView(SampleImages.of(of));
            image.setFitWidth(PICTURE - 4);
            image.setFitHeight(PICTURE - 4);
            image.setPreserveRatio(true);
            image.setSmooth(false);
            picture.getChildren().add(image);
        });
        Label number = new Label("sample " + sample.index());
        number.getStyleClass().add("number");
        Label moved = new Label(
                sample.moved() == 0
                        ? "widens no range"
                        : "widens " + sample.moved() + (sample.moved() == 1 ? " range" : " ranges"));
        moved.getStyleClass().add("muted");
        Button out = new Button("Leave out");
        out.setId("leave-out-" + sample.index());
        out.setAccessibleText("Leave out sample " + sample.index() + ": " + sample.why());
        out.setTooltip(tip("Calibrates without this sample, as one undo step"));
        out.setOnAction(e -> model.leaveOut(sample.index(), true));
        HBox tile = new HBox(SMALL_GAP, picture, new VBox(2, number, moved, out));
        tile.setPrefWidth(TILE_WIDTH);
        tile.setAlignment(Pos.CENTER_LEFT);
        Tooltip.install(tile, tip(Invisible.escaped(sample.why())));
        return tile;
    }

    private Node again(int sample) {
        Button button = new Button(sample + " ×");
        button.setId("use-again-" + sample);
        button.setAccessibleText("Use sample " + sample + " again");
        button.setTooltip(tip("Uses sample " + sample + " again, as one undo step"));
        button.setOnAction(e -> model.leaveOut(sample, false));
        return button;
    }
}
