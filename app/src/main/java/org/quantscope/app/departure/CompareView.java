package org.quantscope.app.departure;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.TextField;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.departure.CompareState.Form;
import org.quantscope.app.departure.CompareState.Which;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.Segments;
import org.quantscope.app.ui.SteadyLabel;

/**
 * The models to compare, the error along the network, where each form departs, and the tables: each form's tensors with
 * their pairs, and what lies between two forms.
 */
public final class CompareView extends VBox {
    private static final double GAP = 12;
    private static final double SMALL_GAP = 6;
    private static final double NUMBER_WIDTH = 64;
    private static final int BETWEEN = 2;
    private static final int FLIPS = 3;

    private final CompareViewModel model;
    private final Button file = new Button("Deployed file…");
    private final Button folder = new Button("Folder of dumps…");
    private final Label deployed = new Label();
    private final Button secondFile = new Button("Second file…");
    private final Button secondFolder = new Button("Second folder…");
    private final Label second = new Label();
    private final Button without = new Button("Remove");
    private final TextField samples = new TextField();
    private final Label badSamples = hint("compare-bad-samples");
    private final Label why = hint("compare-why");
    private final Button data = new Button("Choose data…");
    private final HBox obstacle = new HBox(GAP, why, data);
    private final ErrorLines chart;
    private final Label first = new Label();
    private final Label said = hint("compare-said");
    private final VBox departure = new VBox(2, first, said);
    private final Label first2 = new Label();
    private final Label said2 = hint("compare-said-2");
    private final VBox departure2 = new VBox(2, first2, said2);
    private final Segments pages = new Segments("First form", "Second form", "Between the two", "Flipped");
    private final FormRows rows;
    private final BetweenRows between;
    private final ProgressBar bar = new ProgressBar();
    private final Label doing = new SteadyLabel();
    private final HBox progress = new HBox(GAP, bar, doing);
    private final Label outcome = hint("compare-outcome");
    private final Subscription watching;
    private int page;

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
        this.rows = new FormRows(model, chart::choose);
        this.between = new BetweenRows(name -> {
            model.select(name);
            chart.choose(name);
        });
        setPadding(new Insets(GAP));
        button(
                file,
                "compare-file",
                "An ONNX file with QuantizeLinear and DequantizeLinear or with operators on integers, or a quantized"
                        + " TensorFlow Lite file, which is run in whole numbers as its built-in kernels compute it",
                () -> chooseFile.get().ifPresent(model::choose));
        button(
                folder,
                "compare-folder",
                "Values that a device has dumped: NAME.npy with the samples along the first axis, or NAME.raw"
                        + " of float32; of the samples of the open data, in their order",
                () -> chooseFolder.get().ifPresent(model::choose));
        button(
                secondFile,
                "compare-second-file",
                "Another deployed form of the same model: which of the two is nearer to it, and what their difference"
                        + " is made of",
                () -> chooseFile.get().ifPresent(model::chooseSecond));
        button(
                secondFolder,
                "compare-second-folder",
                "Values dumped from another device, as the second form",
                () -> chooseFolder.get().ifPresent(model::chooseSecond));
        button(without, "compare-without-second", "Forgets the second form", model::removeSecond);
        deployed.setId("compare-deployed-name");
        second.setId("compare-second-name");
        samples.setId("compare-samples");
        samples.setPrefWidth(NUMBER_WIDTH);
        samples.setAccessibleText("Number of samples to compare");
        samples.setTooltip(FigureTable.tip("So many samples of the open data, from the first on; empty for all"));
        samples.setText(model.stateProperty().get().samples());
        samples.textProperty().subscribe(model::setSamples);
        Label of = new Label("Samples");
        of.setLabelFor(samples);
        of.getStyleClass().add("muted");
        of.setMinWidth(USE_PREF_SIZE);
        badSamples.getStyleClass().add("warning");
        HBox number = row(of, samples, badSamples);
        number.setSpacing(SMALL_GAP);
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        VBox choices = new VBox(
                SMALL_GAP, row(file, folder, deployed, space, number), row(secondFile, secondFolder, second, without));
        // The second row stands under the first.
        secondFile.minWidthProperty().bind(file.widthProperty());
        secondFolder.minWidthProperty().bind(folder.widthProperty());
        button(data, "compare-choose-data", "Chooses the data that all are run on", chooseData);
        obstacle.setAlignment(Pos.CENTER_LEFT);
        departed(first, "compare-first");
        departed(first2, "compare-first-2");
        pages.describe(0, "compare-page-first", "The first form's tensors beside the float model's, and their pairs")
                .describe(1, "compare-page-second", "The same of the second form")
                .describe(
                        BETWEEN,
                        "compare-page-between",
                        "What the difference of the two forms' values is made of, tensor by tensor")
                .describe(FLIPS, "compare-page-flips", "The samples that the two forms answer differently, and why");
        pages.setOnChoose(to -> {
            page = to;
            show(model.stateProperty().get());
        });
        pages.choose(0);
        progress.setAlignment(Pos.CENTER_LEFT);
        doing.setId("compare-doing");
        doing.getStyleClass().add("hint");
        bar.setAccessibleText("Progress of the comparison");
        StackPane tables = new StackPane(rows, between);
        VBox.setVgrow(chart, Priority.SOMETIMES);
        VBox.setVgrow(tables, Priority.ALWAYS);
        getChildren().addAll(choices, obstacle, chart, departure, departure2, pages, tables, progress, outcome);
        watching = model.stateProperty().subscribe(this::show);
    }

    private static void button(Button button, String id, String tip, Runnable action) {
        button.setId(id);
        button.setMinWidth(USE_PREF_SIZE);
        button.setTooltip(FigureTable.tip(tip));
        button.setOnAction(e -> action.run());
    }

    private static HBox row(Node... nodes) {
        HBox row = new HBox(GAP, nodes);
        row.setAlignment(Pos.CENTER_LEFT);
        return row;
    }

    private static void departed(Label label, String id) {
        label.setId(id);
        label.getStyleClass().add("strong");
        label.setWrapText(true);
        label.setMinHeight(USE_PREF_SIZE);
    }

    private static Label hint(String id) {
        Label label = new Label();
        label.setId(id);
        label.getStyleClass().add("hint");
        label.setWrapText(true);
        label.setMinHeight(USE_PREF_SIZE);
        return label;
    }

    private void choose(String name) {
        rows.choose(name);
        if (page >= BETWEEN) {
            model.select(name);
            chart.choose(name);
        }
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
        boolean may = !v.running() && v.why().isEmpty();
        file.setDisable(!may);
        folder.setDisable(!may);
        secondFile.setDisable(!may || !v.one().isChosen());
        secondFolder.setDisable(secondFile.isDisable());
        deployed.setText(v.one().isChosen() ? v.one().name() : "nothing is chosen yet");
        second.setText(v.two().isChosen() ? v.two().name() : "no second form");
        second.getStyleClass().removeAll("muted");
        if (!v.two().isChosen()) {
            second.getStyleClass().add("muted");
        }
        visible(without, v.two().isChosen());
        samples.setDisable(v.running());
        badSamples.setText(v.badSamples());
        visible(badSamples, !v.badSamples().isEmpty());
        visible(progress, v.running());
        bar.setProgress(v.share() < 0 ? ProgressBar.INDETERMINATE_PROGRESS : v.share());
        doing.setText(v.doing());
        outcome.setText(v.outcome());
        visible(outcome, !v.outcome().isEmpty());
        boolean both = v.two().isChosen();
        departed(v.one(), both ? "First form, first departure: " : "First departure: ", departure, first, said);
        departed(v.two(), "Second form, first departure: ", departure2, first2, said2);
        chart.show(v.one(), v.two());
        pages(v);
    }

    private static void departed(Form form, String lead, VBox box, Label first, Label said) {
        visible(box, form.first().isPresent());
        form.first().ifPresent(d -> {
            first.setText(lead + d.name() + ". " + d.cause() + ": " + d.part());
            said.setText(d.said() + (d.figures().isEmpty() ? "" : "; " + d.figures()) + ".");
        });
    }

    private void pages(CompareState v) {
        int last = v.between().isEmpty()
                ? v.two().rows().isEmpty() ? 0 : 1
                : v.between().get().answers() == 0 ? BETWEEN : FLIPS;
        if (page > last) {
            page = 0;
            pages.choose(0);
        }
        visible(pages, last > 0);
        for (int i = 0; i <= FLIPS; i++) {
            visible(pages.getChildren().get(i), i <= last);
        }
        rows.setVisible(page < BETWEEN);
        between.setVisible(page >= BETWEEN);
        v.between().ifPresent(b -> between.show(b, page == FLIPS));
        Which which = page == 1 ? Which.SECOND : Which.FIRST;
        rows.show(which, v.form(which), v.again());
    }
}
