package org.quantscope.app.data;

import java.util.Optional;
import java.util.OptionalDouble;
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
import javafx.scene.control.Tooltip;
import javafx.scene.input.TransferMode;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.data.OtherState.Row;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.SteadyLabel;

/** Other data beside the calibration data: what to expect there, the activations, and both distributions of one. */
public final class OtherView extends VBox {
    private static final double GAP = 12;
    private static final double NAME_WIDTH = 150;
    private static final double NUMBER_WIDTH = 92;
    private static final double HEAD_INSETS = 20;
    private static final double TABLE_HEIGHT = 200;
    private static final double CHART_WIDTH = 330;
    private static final double TIP_WIDTH = 420;

    private final Label what = hint("other-what");
    private final Button choose = new Button("Choose data…");
    private final Button folder = new Button("Folder…");
    private final HBox head;
    private final HBox buttons;
    private final Button data = new Button("Data…");
    private final Label why = hint("other-why");
    private final HBox obstacle = new HBox(GAP, why, data);
    private final Label expected = new Label();
    private final Label basis = hint("other-basis");
    private final TableView<Row> table = new TableView<>();
    private final TwoDistributions chart;
    private final HBox middle;
    private final VBox empty = new VBox(GAP);
    private final ProgressBar bar = new ProgressBar();
    private final Label doing = new SteadyLabel();
    private final HBox progress = new HBox(GAP, bar, doing);
    private final Subscription watching;

    /**
     * @param chooseFile lets the user choose other data
     * @param chooseFolder lets the user choose a folder of pictures
     * @param calibrate lets the user choose calibration data
     */
    public OtherView(
            OtherViewModel model, Palette palette, Runnable chooseFile, Runnable chooseFolder, Runnable calibrate) {
        super(GAP);
        this.chart = new TwoDistributions(palette);
        setPadding(new Insets(GAP));
        choose.setId("other-choose");
        choose.setOnAction(e -> chooseFile.run());
        choose.setMinWidth(USE_PREF_SIZE);
        folder.setId("other-folder");
        folder.setOnAction(e -> chooseFolder.run());
        folder.setMinWidth(USE_PREF_SIZE);
        data.setId("other-calibration");
        data.setOnAction(e -> calibrate.run());
        data.setMinWidth(USE_PREF_SIZE);
        HBox.setHgrow(what, Priority.ALWAYS);
        what.setMaxWidth(Double.MAX_VALUE);
        HBox head = new HBox(GAP, what);
        buttons = new HBox(GAP, choose, folder);
        buttons.setAlignment(Pos.CENTER);
        buttons.setMinWidth(USE_PREF_SIZE);
        empty.setAlignment(Pos.CENTER);
        VBox.setVgrow(empty, Priority.ALWAYS);
        this.head = head;
        head.setAlignment(Pos.CENTER_LEFT);
        obstacle.setAlignment(Pos.CENTER_LEFT);
        expected.setId("other-expected");
        expected.getStyleClass().add("strong");
        expected.setWrapText(true);
        expected.setMinHeight(USE_PREF_SIZE);
        columns();
        chart.setPrefWidth(CHART_WIDTH);
        chart.setMinWidth(CHART_WIDTH);
        HBox.setHgrow(table, Priority.ALWAYS);
        HBox.setHgrow(chart, Priority.SOMETIMES);
        middle = new HBox(GAP, table, chart);
        VBox.setVgrow(middle, Priority.ALWAYS);
        progress.setAlignment(Pos.CENTER_LEFT);
        bar.setAccessibleText("Progress of the comparison");
        doing.setId("other-doing");
        doing.getStyleClass().add("hint");
        getChildren().addAll(head, obstacle, empty, expected, basis, middle, progress);
        setOnDragOver(e -> {
            if (e.getDragboard().hasFiles()) {
                e.acceptTransferModes(TransferMode.COPY);
            }
            e.consume();
        });
        setOnDragDropped(e -> {
            boolean one =
                    e.getDragboard().hasFiles() && e.getDragboard().getFiles().size() == 1;
            if (one) {
                model.compare(e.getDragboard().getFiles().getFirst().toPath());
            }
            e.setDropCompleted(one);
            e.consume();
        });
        watching = model.viewProperty().subscribe(this::show);
    }

    private static Label hint(String id) {
        Label label = new Label();
        label.setId(id);
        label.getStyleClass().add("hint");
        label.setWrapText(true);
        label.setMinHeight(Region.USE_PREF_SIZE);
        return label;
    }

    private void columns() {
        table.setId("other-rows");
        table.setAccessibleText("Activations, most divergent first");
        table.setMinHeight(TABLE_HEIGHT);
        table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_ALL_COLUMNS);
        table.setPlaceholder(new Label(""));
        column("activation", NAME_WIDTH, false, "The most divergent first", Row::shown);
        column(
                "divergence",
                NUMBER_WIDTH,
                true,
                "Jensen–Shannon divergence of both distributions: 0 where they are equal, 1 bit where they share no"
                        + " value",
                r -> Figures.ABOUT + Figures.small(r.of().divergence()) + " bits");
        column(
                "clipped there",
                NUMBER_WIDTH,
                true,
                "Share of the values on the other data beyond the levels of the settings in hand",
                r -> clipped(r.of().outside())
                        + (r.of().notFinite() == 0 ? "" : ", " + r.of().notFinite() + " not finite"));
        column(
                "in calibration",
                NUMBER_WIDTH,
                true,
                "Share of the values on the calibration data beyond the levels of the settings in hand",
                r -> clipped(r.of().outsideCalibration()));
        table.getSelectionModel().selectedItemProperty().subscribe(row -> chart.show(Optional.ofNullable(row)));
    }

    private static String clipped(OptionalDouble share) {
        return share.isPresent() ? Figures.percent(share.getAsDouble()) : "in float";
    }

    private void column(String title, double width, boolean right, String tip, Function<Row, String> text) {
        TableColumn<Row, String> column = new TableColumn<>();
        Label head = new Label(title);
        Tooltip says = new Tooltip(tip);
        says.setWrapText(true);
        says.setMaxWidth(TIP_WIDTH);
        head.setTooltip(says);
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

    /** Puts the words and buttons into the middle while there is nothing else, and else to the top. */
    private void place(boolean alone) {
        if (!(alone ? empty : head).getChildren().contains(buttons)) {
            empty.getChildren().clear();
            head.getChildren().clear();
            (alone ? empty : head).getChildren().setAll(what, buttons);
        }
        what.setAlignment(alone ? Pos.CENTER : Pos.CENTER_LEFT);
        visible(empty, alone);
        visible(head, !alone);
    }

    private void show(OtherState v) {
        boolean some = !v.rows().isEmpty();
        what.setText(
                v.other().isEmpty()
                        ? "Choose data of the field, of the night, of another camera, or drop it here. Labels are not"
                                + " needed, and nothing of the session changes."
                        : "Calibration data: " + v.calibration() + "\nOther data: " + v.other());
        choose.setDisable(!v.mayRun());
        folder.setDisable(!v.mayRun());
        why.setText(v.obstacle());
        visible(obstacle, !v.obstacle().isEmpty());
        visible(data, v.lacksData());
        expected.setText(
                v.expected() + (v.previous() && !v.running() ? " (of other data or settings: compare again)" : ""));
        basis.setText(v.basis());
        visible(expected, some);
        visible(basis, some && !v.basis().isEmpty());
        visible(middle, some);
        middle.setOpacity(v.previous() ? 0.5 : 1);
        place(!some && !v.running());
        visible(progress, v.running());
        bar.setProgress(v.share() < 0 ? ProgressBar.INDETERMINATE_PROGRESS : v.share());
        doing.setText(v.doing());
        if (!table.getItems().equals(v.rows())) {
            Row before = table.getSelectionModel().getSelectedItem();
            table.getItems().setAll(v.rows());
            table.getSelectionModel()
                    .select(v.rows().stream()
                            .filter(r -> before != null
                                    && r.of().id().equals(before.of().id()))
                            .findFirst()
                            .orElse(some ? v.rows().getFirst() : null));
        }
    }
}
