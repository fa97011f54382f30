package org.quantscope.app.departure;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableRow;
import javafx.scene.control.TableView;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.departure.CompareState.Row;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.SteadyLabel;

/** The two models to compare, the error along the network, the first departure, and the pairs of tensors. */
public final class CompareView extends VBox {
    private static final double GAP = 12;
    private static final double SMALL_GAP = 6;
    private static final double NUMBER_WIDTH = 64;
    private static final double NAME_WIDTH = 220;
    private static final double FIGURE_WIDTH = 96;
    private static final double STATE_WIDTH = 150;
    private static final double HEAD_INSETS = 20;
    private static final double TABLE_HEIGHT = 140;
    private static final double TIP_WIDTH = 420;
    private static final String NONE = "none";

    private final CompareViewModel model;
    private final Button file = new Button("Deployed file…");
    private final Button folder = new Button("Folder of dumps…");
    private final Label deployed = new Label();
    private final TextField samples = new TextField();
    private final Label badSamples = hint("compare-bad-samples");
    private final Label why = hint("compare-why");
    private final Button data = new Button("Choose data…");
    private final HBox obstacle = new HBox(GAP, why, data);
    private final ErrorLines chart;
    private final Label first = new Label();
    private final Label said = hint("compare-said");
    private final VBox departure = new VBox(2, first, said);
    private final TableView<Row> table = new TableView<>();
    private final Label pairOf = new Label("Deployed tensor");
    private final ComboBox<String> counterpart = new ComboBox<>();
    private final Label again = hint("compare-again");
    private final HBox pair = new HBox(SMALL_GAP, pairOf, counterpart, again);
    private final ProgressBar bar = new ProgressBar();
    private final Label doing = new SteadyLabel();
    private final HBox progress = new HBox(GAP, bar, doing);
    private final Label outcome = hint("compare-outcome");
    private final Subscription watching;
    private boolean showing;

    /**
     * @param chooseFile lets the user choose a deployed file
     * @param chooseFolder lets the user choose a folder of dumped values
     * @param chooseData lets the user choose data
     */
    public CompareView(
            CompareViewModel model,
            Palette palette,
            Supplier<Optional<Path>> chooseFile,
            Supplier<Optional<Path>> chooseFolder,
            Runnable chooseData) {
        super(GAP);
        this.model = model;
        this.chart = new ErrorLines(palette, this::choose);
        setPadding(new Insets(GAP));
        file.setId("compare-file");
        file.setTooltip(tip(
                "An ONNX file with QuantizeLinear and DequantizeLinear or with operators on integers, or a quantized"
                        + " TensorFlow Lite file, which is run in whole numbers as its built-in kernels compute it"));
        file.setOnAction(e -> chooseFile.get().ifPresent(model::choose));
        folder.setId("compare-folder");
        folder.setTooltip(
                tip("Values that a device has dumped: NAME.npy with the samples along the first axis, or NAME.raw"
                        + " of float32; of the samples of the open data, in their order"));
        folder.setOnAction(e -> chooseFolder.get().ifPresent(model::choose));
        deployed.setId("compare-deployed-name");
        samples.setId("compare-samples");
        samples.setPrefWidth(NUMBER_WIDTH);
        samples.setAccessibleText("Number of samples to compare");
        samples.setTooltip(tip("So many samples of the open data, from the first on; empty for all"));
        samples.setText(model.stateProperty().get().samples());
        samples.textProperty().subscribe(model::setSamples);
        Label of = new Label("Samples");
        of.setLabelFor(samples);
        of.getStyleClass().add("muted");
        badSamples.getStyleClass().add("warning");
        HBox number = new HBox(SMALL_GAP, of, samples, badSamples);
        number.setAlignment(Pos.CENTER_LEFT);
        HBox chosen = new HBox(GAP, file, folder, deployed);
        chosen.setAlignment(Pos.CENTER_LEFT);
        FlowPane choices = new FlowPane(GAP, SMALL_GAP, chosen, number);
        choices.setAlignment(Pos.CENTER_LEFT);
        data.setId("compare-choose-data");
        data.setMinWidth(USE_PREF_SIZE);
        data.setOnAction(e -> chooseData.run());
        obstacle.setAlignment(Pos.CENTER_LEFT);
        first.setId("compare-first");
        first.getStyleClass().add("strong");
        first.setWrapText(true);
        first.setMinHeight(USE_PREF_SIZE);
        columns();
        pair();
        progress.setAlignment(Pos.CENTER_LEFT);
        doing.setId("compare-doing");
        doing.getStyleClass().add("hint");
        bar.setAccessibleText("Progress of the comparison");
        VBox.setVgrow(chart, Priority.SOMETIMES);
        VBox.setVgrow(table, Priority.ALWAYS);
        getChildren().addAll(choices, obstacle, chart, departure, table, pair, progress, outcome);
        watching = model.stateProperty().subscribe(this::show);
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
        table.setId("compare-rows");
        table.setMinHeight(TABLE_HEIGHT);
        table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_ALL_COLUMNS);
        table.setPlaceholder(new Label(""));
        column("tensor", NAME_WIDTH, false, "The float model's, in the order of its graph", Row::name);
        column(
                "deployed",
                NAME_WIDTH,
                false,
                "Its counterpart; choose a row to change it below",
                r -> r.deployed().isEmpty() ? Figures.NONE : r.deployed());
        column(
                "error, dB",
                FIGURE_WIDTH,
                true,
                "SQNR of the deployed values beside the float model's: measured, all layers before included",
                r -> decibels(r.error()));
        column(
                "explained, dB",
                FIGURE_WIDTH,
                true,
                "SQNR of the float model quantized by us with the deployed grids: what quantization alone makes of it",
                r -> decibels(r.explained()));
        column("", STATE_WIDTH, false, "Whether the two part here, and how the pair was found", CompareView::state);
        table.setRowFactory(t -> new TableRow<>() {
            @Override
            protected void updateItem(@Nullable Row row, boolean empty) {
                super.updateItem(row, empty);
                setTooltip(
                        row == null
                                ? null
                                : tip(row.name() + "\n" + row.deployed()
                                        + (row.how().isEmpty() ? "" : "\npaired by " + row.how())));
            }
        });
        table.getSelectionModel().selectedItemProperty().subscribe(row -> {
            if (row != null && !showing) {
                model.select(row.name());
            }
            chart.choose(row == null ? "" : row.name());
            showPair(row);
        });
    }

    private static String decibels(OptionalDouble db) {
        return db.isEmpty()
                ? Figures.NONE
                : Double.isInfinite(db.getAsDouble()) ? "equal" : Figures.small(db.getAsDouble());
    }

    private static String state(Row row) {
        String state = row.first() ? "first departure" : row.departs() ? "departs" : "";
        return row.changed()
                ? "pair changed"
                : row.deployed().isEmpty() ? row.first() ? state : row.how() : state.isEmpty() ? row.how() : state;
    }

    private void column(String title, double width, boolean right, String tip, Function<Row, String> text) {
        TableColumn<Row, String> column = new TableColumn<>();
        Label head = new Label(title);
        head.setTooltip(tip(tip));
        column.setGraphic(head);
        column.setPrefWidth(width);
        column.setMinWidth(right ? FIGURE_WIDTH : NUMBER_WIDTH);
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

    private void pair() {
        pair.setAlignment(Pos.CENTER_LEFT);
        pairOf.getStyleClass().add("muted");
        pairOf.setLabelFor(counterpart);
        pairOf.setMinWidth(USE_PREF_SIZE);
        counterpart.setId("compare-counterpart");
        counterpart.setPrefWidth(2 * NAME_WIDTH);
        counterpart.setTooltip(tip("The deployed tensor that the chosen one is; the next comparison goes by it"));
        counterpart.setOnAction(e -> {
            Row row = table.getSelectionModel().getSelectedItem();
            String to = counterpart.getValue();
            if (!showing && row != null && to != null) {
                model.pair(row.name(), to.equals(NONE) ? "" : to);
            }
        });
        again.setText("Pairs were changed: compare again.");
    }

    private void showPair(@Nullable Row row) {
        boolean was = showing;
        showing = true;
        List<String> names = new ArrayList<>();
        names.add(NONE);
        names.addAll(model.stateProperty().get().deployedNames());
        if (!counterpart.getItems().equals(names)) {
            counterpart.getItems().setAll(names);
        }
        counterpart.setDisable(row == null || model.isRunning());
        counterpart.setValue(row == null ? null : row.deployed().isEmpty() ? NONE : row.deployed());
        showing = was;
    }

    private void choose(String name) {
        table.getItems().stream().filter(r -> r.name().equals(name)).findFirst().ifPresent(row -> {
            table.getSelectionModel().select(row);
            table.scrollTo(row);
        });
    }

    /** Takes the colours of a theme. */
    public void setPalette(Palette palette) {
        chart.setPalette(palette);
    }

    /** Puts the keyboard on the first control that can be used. */
    public void focusFirst() {
        (data.isVisible() ? data : file).requestFocus();
    }

    /** Stops watching the model. */
    public void close() {
        watching.unsubscribe();
    }

    private static void visible(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }

    private void show(CompareState v) {
        why.setText(v.why());
        visible(obstacle, !v.why().isEmpty());
        visible(data, v.needsData());
        file.setDisable(v.running() || !v.why().isEmpty());
        folder.setDisable(v.running() || !v.why().isEmpty());
        deployed.setText(v.deployed().isEmpty() ? "nothing is chosen yet" : v.deployed());
        samples.setDisable(v.running());
        badSamples.setText(v.badSamples());
        visible(badSamples, !v.badSamples().isEmpty());
        visible(progress, v.running());
        bar.setProgress(v.share() < 0 ? ProgressBar.INDETERMINATE_PROGRESS : v.share());
        doing.setText(v.doing());
        outcome.setText(String.join(
                " ",
                Stream.concat(Stream.of(v.outcome()), v.notes().stream())
                        .filter(s -> !s.isEmpty())
                        .toList()));
        visible(outcome, !outcome.getText().isEmpty());
        visible(departure, v.first().isPresent());
        v.first().ifPresent(d -> {
            first.setText("First departure: " + d.name() + ". " + d.cause() + ": " + d.part());
            said.setText(d.said() + (d.figures().isEmpty() ? "" : "; " + d.figures()) + ".");
        });
        visible(again, v.again());
        visible(pair, !v.rows().isEmpty());
        if (!table.getItems().equals(v.rows())) {
            Row before = table.getSelectionModel().getSelectedItem();
            String name =
                    before == null ? v.first().map(CompareState.First::name).orElse("") : before.name();
            showing = true;
            table.getItems().setAll(v.rows());
            chart.show(v.rows().stream()
                    .filter(r -> r.error().isPresent() || r.explained().isPresent())
                    .toList());
            choose(name);
            showing = false;
        }
        showPair(table.getSelectionModel().getSelectedItem());
    }
}
