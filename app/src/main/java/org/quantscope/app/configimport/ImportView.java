package org.quantscope.app.configimport;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.ListView;
import javafx.scene.control.TableCell;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.configimport.ImportState.Comparison;
import org.quantscope.app.configimport.ImportState.Content;
import org.quantscope.app.configimport.ImportState.Match;
import org.quantscope.app.configimport.ImportState.Unplaced;
import org.quantscope.app.selected.HistogramData;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;

/** What a file says about the tensors of the model, what an import would change, and which entries fit no tensor. */
public final class ImportView extends VBox {
    private static final double GAP = 8;
    private static final double LEAST_MATCHES = 110;
    private static final double HEADER_HEIGHT = 34;
    private static final double ROW_HEIGHT = 25;
    private static final double UNPLACED_HEIGHT = 46;
    private static final int MOST_UNPLACED = 3;
    private static final double NAME_WIDTH = 190;
    private static final double SETTING_WIDTH = 150;
    private static final double RANGE_WIDTH = 150;

    private final ImportViewModel model;
    private final Label head = new Label();
    private final ComboBox<Importer> format = new ComboBox<>();
    private final Label formatNote = new Label();
    private final Label counts = new Label();
    private final Label notes = new Label();
    private final TableView<Match> matches = new TableView<>();
    private final Label unplacedHead = new Label();
    private final ListView<Unplaced> unplaced = new ListView<>();
    private final RangesView ranges = new RangesView();
    private final Label tensor = new Label();
    private final Label sqnrNow = number("import-sqnr-present");
    private final Label sqnrThen = number("import-sqnr-imported");
    private final Label comparisonNote = new Label();
    private final CheckBox alone = new CheckBox();
    private boolean updating;

    public ImportView(ImportViewModel model) {
        super(GAP);
        this.model = model;
        head.setId("import-file");
        head.getStyleClass().add("title");
        head.setMinWidth(0);
        format.setId("import-format");
        format.setAccessibleText("Format of the file");
        format.setPromptText("Choose the format");
        format.getItems().setAll(ImportViewModel.formats());
        format.setConverter(new StringConverter<>() {
            @Override
            public String toString(@Nullable Importer importer) {
                return importer == null ? "" : importer.title();
            }

            @Override
            public @Nullable Importer fromString(String text) {
                return null;
            }
        });
        format.valueProperty().subscribe(importer -> {
            if (importer != null && !updating) {
                model.choose(importer);
            }
        });
        Label is = new Label("Format");
        is.getStyleClass().add("muted");
        is.setLabelFor(format);
        is.setMinWidth(USE_PREF_SIZE);
        format.setMinWidth(USE_PREF_SIZE);
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox top = new HBox(GAP, head, space, is, format);
        top.setAlignment(Pos.CENTER_LEFT);
        formatNote.setId("import-problem");
        formatNote.getStyleClass().add("warning");
        counts.setId("import-counts");
        notes.setId("import-notes");
        notes.getStyleClass().add("hint");
        comparisonNote.setId("import-comparison-note");
        comparisonNote.getStyleClass().add("hint");
        for (Label label : List.of(formatNote, notes, comparisonNote, counts)) {
            label.setWrapText(true);
            label.setMinHeight(USE_PREF_SIZE);
            label.managedProperty().bind(label.textProperty().isNotEmpty());
        }
        table();
        unplacedHead.getStyleClass().add("section-head");
        unplacedHead.setId("import-unplaced-head");
        unplaced.setId("import-unplaced");
        unplaced.getStyleClass().add("plain-list");
        unplaced.setAccessibleText("Entries of the file that fit no tensor");
        unplaced.setFixedCellSize(UNPLACED_HEIGHT);
        unplaced.setCellFactory(list -> new UnplacedCell(model::map));
        unplaced.setPlaceholder(new Label(""));
        VBox.setVgrow(unplaced, Priority.ALWAYS);
        tensor.getStyleClass().add("section-head");
        tensor.setId("import-tensor");
        tensor.setMinWidth(0);
        Region gap = new Region();
        HBox.setHgrow(gap, Priority.ALWAYS);
        HBox figures = new HBox(GAP, tensor, gap, muted("SQNR present"), sqnrNow, muted("imported"), sqnrThen);
        figures.setAlignment(Pos.CENTER_LEFT);
        alone.setId("import-alone");
        alone.managedProperty().bind(alone.visibleProperty());
        alone.setTooltip(new Tooltip("Quantize what the file names and nothing else"));
        alone.selectedProperty().subscribe(on -> {
            if (!updating) {
                model.setAlone(on);
            }
        });
        getChildren()
                .addAll(
                        top,
                        formatNote,
                        counts,
                        matches,
                        figures,
                        ranges,
                        comparisonNote,
                        unplacedHead,
                        unplaced,
                        notes,
                        alone);
        model.viewProperty().subscribe(this::show);
    }

    /** Focuses the table. */
    public void focusMatches() {
        matches.requestFocus();
    }

    /** The colours of the plot. */
    public ObjectProperty<Palette> paletteProperty() {
        return ranges.paletteProperty();
    }

    private static Label number(String id) {
        Label label = new Label();
        label.setId(id);
        label.getStyleClass().add("number");
        label.setMinWidth(USE_PREF_SIZE);
        return label;
    }

    private static Label muted(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("hint");
        label.setMinWidth(USE_PREF_SIZE);
        return label;
    }

    private void table() {
        matches.setId("import-matches");
        matches.setAccessibleText("Tensors that the file has settings for");
        matches.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        matches.setPlaceholder(new Label(""));
        matches.setMinHeight(LEAST_MATCHES);
        VBox.setVgrow(matches, Priority.ALWAYS);
        TableColumn<Match, String> differs =
                column("change", NAME_WIDTH, m -> m.differs() ? String.join(", ", m.differences()) : "none");
        differs.setCellFactory(c -> new DifferenceCell());
        matches.getColumns()
                .setAll(List.of(
                        column("tensor", NAME_WIDTH, m -> m.subject().shortName()),
                        column("name in the file", NAME_WIDTH, m -> Invisible.escaped(m.nameInFile())),
                        column("setting", SETTING_WIDTH, m -> words(m.spec())),
                        number(
                                "range",
                                m -> m.spec().clip() instanceof Clip.Auto auto
                                        ? "by "
                                                + Calibrators.byId(auto.calibratorId())
                                                        .title()
                                        : m.range().map(Figures::range).orElse(Figures.NONE)),
                        number(
                                "present range",
                                m -> m.presentRange().map(Figures::range).orElse(Figures.NONE)),
                        differs));
        matches.getSelectionModel().selectedItemProperty().subscribe(m -> {
            if (m != null && !updating) {
                model.select(m.id());
            }
        });
    }

    private static TableColumn<Match, String> column(String title, double width, Function<Match, String> text) {
        TableColumn<Match, String> column = new TableColumn<>(title);
        column.setCellValueFactory(cell -> new ReadOnlyStringWrapper(text.apply(cell.getValue())));
        column.setPrefWidth(width);
        return column;
    }

    private static TableColumn<Match, String> number(String title, Function<Match, String> text) {
        TableColumn<Match, String> column = column(title, RANGE_WIDTH, text);
        column.getStyleClass().add("number");
        return column;
    }

    /** Bit width, scheme and granularity in a few words. */
    static String words(QuantSpec spec) {
        String scheme = spec.scheme().equals("uniform")
                ? (spec.signed() ? "int" : "uint") + spec.bits()
                : spec.quantizer().title();
        String grain = switch (spec.granularity()) {
            case Granularity.PerTensor _ -> "";
            case Granularity.PerChannel _ -> " per channel";
            case Granularity.PerBlock b -> " per block of " + b.size();
        };
        return scheme + (spec.symmetric() ? " symmetric" : "") + grain;
    }

    private void show(ImportState v) {
        updating = true;
        try {
            head.setText(v.file()
                    .map(f -> Invisible.escaped(String.valueOf(f.getFileName())))
                    .orElse(""));
            format.setDisable(v.content() instanceof Content.Reading);
            format.setValue(v.formats().chosen().orElse(null));
            formatNote.setText(
                    switch (v.content()) {
                        case Content.Failed failed -> failed.why();
                        case Content.Undecided _
                        when v.formats().readable().size() > 1 ->
                            "This file can be read as "
                                    + v.formats().readable().stream()
                                            .map(Importer::title)
                                            .collect(Collectors.joining(" or "))
                                    + ". Choose which it is.";
                        default -> "";
                    });
            counts.setText(
                    switch (v.content()) {
                        case Content.Reading _ -> "Reading…";
                        case Content.Undecided _, Content.Failed _ -> refusals(v);
                        case Content.Entries e -> {
                            long same = e.matches().size() - v.differing();
                            yield tensors(e.matches().size()) + " matched: " + Figures.count(v.differing())
                                    + " differ, " + Figures.count(same) + " the same as now";
                        }
                    });
            notes.setText(String.join(" · ", v.entries().notes()));
            if (!matches.getItems().equals(v.matches())) {
                matches.getItems().setAll(v.matches());
            }
            v.comparison().ifPresent(c -> {
                for (int i = 0; i < v.matches().size(); i++) {
                    if (v.matches().get(i).id().equals(c.subject().id())
                            && matches.getSelectionModel().getSelectedIndex() != i) {
                        matches.getSelectionModel().clearAndSelect(i);
                        // The table must be laid out before it can scroll to a line.
                        matches.layout();
                        matches.scrollTo(Math.max(0, i - 2));
                    }
                }
            });
            if (!unplaced.getItems().equals(v.unplaced())) {
                unplaced.getItems().setAll(v.unplaced());
            }
            boolean some = !v.unplaced().isEmpty();
            double height = Math.min(MOST_UNPLACED, v.unplaced().size()) * UNPLACED_HEIGHT + 2;
            unplaced.setPrefHeight(height);
            unplaced.setMinHeight(Math.min(height, UNPLACED_HEIGHT + 2));
            unplaced.setMaxHeight(v.unplaced().size() * UNPLACED_HEIGHT + 2);
            matches.setMaxHeight(
                    Math.max(LEAST_MATCHES, HEADER_HEIGHT + v.matches().size() * ROW_HEIGHT));
            unplacedHead.setText(some ? "WITHOUT A PLACE: " + v.unplaced().size() : "");
            for (Node node : List.of(unplaced, unplacedHead)) {
                node.setVisible(some);
                node.setManaged(some);
            }
            alone.setText("Make the other "
                    + (v.entries().others() == 1
                            ? "quantized tensor"
                            : Figures.count(v.entries().others()) + " quantized tensors")
                    + " _float");
            alone.setVisible(v.entries().others() > 0);
            alone.setSelected(v.alone());
            compare(v);
        } finally {
            updating = false;
        }
    }

    private static String refusals(ImportState v) {
        return v.formats().readable().isEmpty()
                ? v.formats().refused().entrySet().stream()
                        .map(e -> e.getKey().title() + ": " + e.getValue())
                        .collect(Collectors.joining("\n"))
                : "";
    }

    private static String tensors(int n) {
        return n == 1 ? "1 tensor" : Figures.count(n) + " tensors";
    }

    private void compare(ImportState v) {
        Optional<Comparison> c = v.comparison();
        tensor.setText(c.map(x -> x.subject().shortName()).orElse(""));
        sqnrNow.setText(c.flatMap(Comparison::present).map(ImportView::sqnr).orElse(Figures.NONE));
        sqnrThen.setText(c.flatMap(Comparison::imported).map(ImportView::sqnr).orElse(Figures.NONE));
        HistogramData data = c.flatMap(Comparison::values)
                .filter(s -> s.count() > 0)
                .map(HistogramData::of)
                .orElse(null);
        ranges.show(
                data,
                c.flatMap(Comparison::present).map(m -> m.spans().effective()),
                c.flatMap(Comparison::imported).map(m -> m.spans().effective()));
        comparisonNote.setText(c.flatMap(Comparison::problem)
                .orElse(
                        c.isPresent() && data == null && c.get().subject() instanceof QuantizableTensor.Activation
                                ? "No values: activations are seen on calibration data."
                                : ""));
    }

    private static String sqnr(Measured m) {
        OptionalDouble db = m.error().sqnrDb();
        return (db.isPresent() && !m.error().exact() ? Figures.ABOUT : "") + Figures.decibels(db);
    }

    /** What an import changes, or that it changes nothing. */
    private static final class DifferenceCell extends TableCell<Match, String> {
        @Override
        protected void updateItem(@Nullable String text, boolean empty) {
            super.updateItem(text, empty);
            setText(empty || text == null ? null : Invisible.escaped(text));
            getStyleClass().remove("muted");
            if (!empty
                    && getTableRow().getItem() != null
                    && !getTableRow().getItem().differs()) {
                getStyleClass().add("muted");
            }
        }
    }
}
