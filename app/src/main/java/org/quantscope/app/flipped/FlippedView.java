package org.quantscope.app.flipped;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javafx.collections.FXCollections;
import javafx.geometry.Insets;
import javafx.geometry.Orientation;
import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.SplitPane;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.flipped.FlippedViewModel.Filter;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Previous;
import org.quantscope.app.ui.Segments;
import org.quantscope.app.ui.SplitBar;
import org.quantscope.core.eval.SampleOutcomes.Outcome;

/**
 * All samples whose class changed, each class worst first or the confusion matrix of both models, and the errors of one
 * sample layer by layer.
 */
public final class FlippedView extends BorderPane {
    /** The filters in the order of their buttons. */
    private static final List<Filter> FILTERS = List.of(Filter.CHANGED, Filter.LOST, Filter.GAINED, Filter.OTHER);

    private static final double GAP = 12;
    private static final double TILE = 44;
    private static final double LIST_WIDTH = 400;
    private static final double LIST_SHARE = 0.4;
    private static final double MATRIX_SHARE = 0.52;
    private static final double BAR = 96;
    private static final double NAME = 116;
    private static final double PERCENT = 56;

    private final FlippedViewModel model;
    private final Thumbnails thumbnails;
    private final ListView<Outcome> list = new ListView<>();
    private final Label summary = new Label();
    private final Segments filters = new Segments("changed", "lost", "gained", "other");
    private boolean showing;
    /** The list as it was shown last; a new one is another object. */
    private @Nullable List<Outcome> shown;

    public FlippedView(FlippedViewModel model, SampleLayersViewModel layers, Thumbnails thumbnails) {
        this.model = model;
        this.thumbnails = thumbnails;
        ConfusionView confusion = new ConfusionView(model);
        filters.describe(0, "filter-changed", "Every sample whose class changed")
                .describe(1, "filter-lost", "Right in float, wrong when quantized")
                .describe(2, "filter-gained", "Wrong in float, right when quantized")
                .describe(3, "filter-other", "Another class, no more right or wrong than before");
        filters.choose(0);
        filters.setOnChoose(i -> model.filter(FILTERS.get(i)));
        summary.setId("flipped-list-summary");
        summary.getStyleClass().add("hint");
        summary.setWrapText(true);
        list.setId("flipped-list");
        list.getStyleClass().add("plain-list");
        list.setCellFactory(x -> new Line());
        list.setPlaceholder(new Label("no sample"));
        list.getSelectionModel().selectedItemProperty().subscribe(chosen -> {
            if (chosen != null && !showing) {
                model.choose(chosen.sample());
            }
        });
        VBox.setVgrow(list, Priority.ALWAYS);
        VBox left = new VBox(GAP / 2, filters, summary, list);
        left.setPadding(new Insets(GAP));
        left.setMinWidth(LIST_WIDTH);

        ClassesView classes = new ClassesView(model);
        Segments pages = new Segments("Classes", "Confusion");
        pages.describe(0, "page-classes", "How well each class is recognized, worst first")
                .describe(1, "page-confusion", "Which class is taken for which");
        VBox counted = new VBox(GAP / 2, pages, classes);
        counted.setPadding(new Insets(GAP));
        VBox.setVgrow(classes, Priority.ALWAYS);
        pages.setOnChoose(i -> counted.getChildren().set(1, i == 0 ? classes : confusion));
        pages.choose(0);
        ScrollPane matrix = new ScrollPane(counted);
        matrix.setFitToHeight(true);
        matrix.setFitToWidth(true);
        matrix.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        matrix.getStyleClass().add("side-panel");
        Label title = new Label("Layers of this sample");
        title.getStyleClass().add("title");
        SampleLayersView bars = new SampleLayersView(layers);
        VBox.setVgrow(bars, Priority.ALWAYS);
        VBox sample = new VBox(GAP / 2, title, bars);
        sample.setPadding(new Insets(GAP));
        SplitPane right = new SplitPane(matrix, sample);
        right.setOrientation(Orientation.VERTICAL);
        right.setDividerPositions(MATRIX_SHARE);
        SplitPane columns = new SplitPane(left, right);
        columns.setDividerPositions(LIST_SHARE);
        SplitPane.setResizableWithParent(left, false);
        setCenter(columns);
        model.viewProperty().subscribe(this::show);
    }

    private void show(FlippedViewModel.View v) {
        switch (v) {
            case FlippedViewModel.View.Nothing _ -> {
                list.setItems(FXCollections.emptyObservableList());
                summary.setText("No evaluated samples with classes: nothing can flip.");
            }
            case FlippedViewModel.View.Found found -> show(found);
        }
    }

    private void show(FlippedViewModel.View.Found v) {
        FlippedViewModel.Listed listed = v.listed();
        if (!isShown(listed.samples())) {
            shown = listed.samples();
            showing = true;
            filters.choose(FILTERS.indexOf(listed.filter()));
            // An empty list comes first, because a list view compares each new list with the former one, sample by
            // sample.
            list.setItems(FXCollections.emptyObservableList());
            list.setItems(FXCollections.observableList(listed.samples()));
            if (listed.chosenAt() >= 0) {
                list.getSelectionModel().select(listed.chosenAt());
            }
            showing = false;
        }
        summary.setText(summary(v.tally(), listed));
        Previous.mark(list, v.previous());
    }

    /** True if this list is shown already. Lists do not change, so it is enough to compare references. */
    @SuppressWarnings("ReferenceEquality")
    private boolean isShown(List<Outcome> samples) {
        return samples == shown;
    }

    private String summary(FlippedViewModel.Tally n, FlippedViewModel.Listed listed) {
        String partial = n.seen() < n.total() ? "≈ " : "";
        String of = " of " + Figures.count(n.seen())
                + (n.seen() < n.total() ? " seen, " + Figures.count(n.total()) + " in all" : " samples");
        Optional<String> cell = listed.cell()
                .map(c -> model.className(c.row()) + " taken for " + model.className(c.column())
                        + switch (c.kind()) {
                            case BEFORE -> " before";
                            case AFTER -> " after";
                            case DIFFERENCE -> ", changed";
                        });
        if (listed.ofClass().isPresent()) {
            cell = Optional.of("label " + model.className(listed.ofClass().getAsInt()) + ", changed class");
        }
        return partial
                + cell.map(text -> text + ": " + Figures.count(listed.samples().size()))
                        .orElseGet(() -> Figures.count(n.changed()) + " changed (" + Figures.count(n.lost()) + " lost, "
                                + Figures.count(n.gained()) + " gained, " + Figures.count(n.other()) + " other)")
                + of;
    }

    /** One sample: its picture, its label, and the classes of both models with their probabilities. */
    private final class Line extends ListCell<Outcome> {
        private final SampleTile tile = new SampleTile(thumbnails, TILE);
        private final Label label = new Label();
        private final GridPane sides = new GridPane(8, 2);
        private final Label floatClass = new Label();
        private final Label quantizedClass = new Label();
        private final SplitBar floatBar = new SplitBar("float", "");
        private final SplitBar quantizedBar = new SplitBar("quantized", "");
        private final Label floatShare = new Label();
        private final Label quantizedShare = new Label();
        private final HBox line;
        private int shown = -1;

        Line() {
            sides.addRow(0, floatClass, floatBar, floatShare);
            sides.addRow(1, quantizedClass, quantizedBar, quantizedShare);
            for (Label name : new Label[] {floatClass, quantizedClass}) {
                name.setMinWidth(NAME);
                name.setMaxWidth(NAME);
            }
            for (SplitBar bar : new SplitBar[] {floatBar, quantizedBar}) {
                bar.setMinWidth(BAR);
                bar.setPrefWidth(BAR);
                GridPane.setHgrow(bar, Priority.ALWAYS);
            }
            for (Label share : new Label[] {floatShare, quantizedShare}) {
                share.getStyleClass().add("number");
                share.setMinWidth(PERCENT);
                share.setAlignment(Pos.CENTER_RIGHT);
            }
            label.getStyleClass().add("hint");
            VBox facts = new VBox(2, label, sides);
            facts.setMinWidth(Region.USE_PREF_SIZE);
            HBox.setHgrow(facts, Priority.ALWAYS);
            line = new HBox(GAP, tile, facts);
            line.setAlignment(Pos.CENTER_LEFT);
            setPrefWidth(0);
        }

        @Override
        protected void updateItem(@Nullable Outcome o, boolean empty) {
            super.updateItem(o, empty);
            if (empty || o == null) {
                setGraphic(null);
                return;
            }
            if (shown != o.sample()) {
                shown = o.sample();
                tile.show(model, shown);
            }
            String truth = model.labelled(o).map(text -> "label " + text).orElse("no label");
            Optional<String> input = model.inputText(o);
            tile.setVisible(input.isEmpty());
            tile.setManaged(input.isEmpty());
            String change = switch (o.change()) {
                case NONE -> "same class";
                case LOST -> "lost";
                case GAINED -> "gained";
                case OTHER -> "other class";
            };
            label.setText(
                    input.map(text -> text + " · ").orElse("") + truth + " · " + change + " · sample " + o.sample());
            floatClass.setText("float " + model.floatAnswer(o));
            quantizedClass.setText("→ " + model.quantizedAnswer(o));
            floatBar.setShare(o.floatOfFloat());
            quantizedBar.setShare(o.quantizedOfQuantized());
            floatShare.setText(percent(o.floatOfFloat()));
            quantizedShare.setText(percent(o.quantizedOfQuantized()));
            setAccessibleText(label.getText() + ", " + floatClass.getText() + " " + floatShare.getText() + ", "
                    + quantizedClass.getText() + " " + quantizedShare.getText());
            setGraphic(line);
        }

        private static String percent(double p) {
            return Double.isNaN(p) ? Figures.NONE : String.format(Locale.ROOT, "%.1f %%", p * 100);
        }
    }
}
