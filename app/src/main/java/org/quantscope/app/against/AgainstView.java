package org.quantscope.app.against;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Collectors;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.Tooltip;
import javafx.scene.image.ImageView;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.against.AgainstViewModel.View;
import org.quantscope.app.against.AgainstViewModel.Wrong;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.core.dataset.SamplePicture;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.SideBySide;
import org.quantscope.core.eval.Task;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.versus.SettingsComparison;
import org.quantscope.core.versus.TensorDifference;

/** The page of two settings: scores, what differs tensor by tensor, both grids, and samples that only one gets wrong. */
public final class AgainstView extends VBox {
    private static final double GAP = 8;
    private static final double SIDE = 44;

    private final AgainstViewModel model;
    private final ComboBox<String> first = choice("against-a", "A");
    private final ComboBox<String> second = choice("against-b", "B");
    private final Label scoreA = figure("against-score-a");
    private final Label scoreB = figure("against-score-b");
    private final Label sizeA = words("against-size-a");
    private final Label sizeB = words("against-size-b");
    private final Label delta = words("against-delta");
    private final Label method = words("against-method");
    private final Label notes = words("against-notes");
    private final Label differ = words("against-differ");
    private final TableView<TensorDifference> table = new TableView<>();
    private final TwoGrids grids;
    private final FlowPane onlyA = new FlowPane(GAP, GAP);
    private final FlowPane onlyB = new FlowPane(GAP, GAP);
    private final Label saysA = words("against-only-a");
    private final Label saysB = words("against-only-b");
    private final Subscription watching;
    private boolean showing;

    public AgainstView(AgainstViewModel model, ObservableValue<Palette> palette) {
        super(GAP);
        this.model = model;
        grids = new TwoGrids(palette);
        getStyleClass().add("against");
        GridPane head = new GridPane(GAP * 3, GAP / 2);
        head.addRow(0, named("A", first), named("B", second), delta);
        head.addRow(1, scoreA, scoreB, method);
        head.addRow(2, sizeA, sizeB, notes);
        for (Label wide : List.of(delta, method, notes)) {
            wide.setWrapText(true);
            wide.setMaxWidth(Double.MAX_VALUE);
            GridPane.setHgrow(wide, Priority.ALWAYS);
        }
        delta.getStyleClass().setAll("label", "against-delta");
        table.setId("against-table");
        table.setAccessibleText("Tensors that differ");
        table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        Label alike = new Label("Every tensor is quantized alike.");
        alike.getStyleClass().add("hint");
        table.setPlaceholder(alike);
        table.getColumns()
                .setAll(List.of(
                        column("tensor", 150, t -> Invisible.escaped(t.id().name())),
                        column("differs in", 330, AgainstView::differs),
                        column("SQNR A", 90, t -> sqnr(t.a())),
                        column("SQNR B", 90, t -> sqnr(t.b()))));
        table.setMinHeight(120);
        table.setPrefHeight(170);
        table.getSelectionModel().selectedItemProperty().subscribe(t -> {
            if (t != null) {
                model.look(t);
            }
        });
        VBox.setVgrow(table, Priority.ALWAYS);
        grids.setPrefHeight(150);
        VBox left = new VBox(GAP / 2, saysA, onlyA);
        VBox right = new VBox(GAP / 2, saysB, onlyB);
        HBox samples = new HBox(GAP * 2, left, right);
        for (VBox side : List.of(left, right)) {
            HBox.setHgrow(side, Priority.ALWAYS);
            side.setPrefWidth(1);
            side.setMinHeight(Region.USE_PREF_SIZE);
        }
        getChildren().addAll(head, differ, table, grids, samples);
        first.valueProperty().subscribe(x -> chosen());
        second.valueProperty().subscribe(x -> chosen());
        watching = Subscription.combine(
                model.viewProperty().subscribe(this::show),
                model.shownProperty().subscribe(grids::show),
                palette.subscribe(x -> grids.touch()));
    }

    /** Forgets the view-model. */
    public void close() {
        watching.unsubscribe();
        model.close();
    }

    private void chosen() {
        String x = first.getValue();
        String y = second.getValue();
        if (!showing && x != null && y != null) {
            model.show(x, y);
        }
    }

    private void show(View v) {
        showing = true;
        first.getItems().setAll(v.names());
        second.getItems().setAll(v.names());
        first.setValue(v.a());
        second.setValue(v.b());
        showing = false;
        Optional<SettingsComparison> found = v.comparison();
        Optional<SideBySide> scores = found.flatMap(SettingsComparison::scores);
        scoreA.setText(scores.map(s -> score(s.a())).orElse(Figures.NONE));
        scoreB.setText(scores.map(s -> score(s.b())).orElse(Figures.NONE));
        sizeA.setText(found.map(c -> size(c.sizeA())).orElse(""));
        sizeB.setText(found.map(c -> size(c.sizeB())).orElse(""));
        delta.setText(
                v.running() ? "comparing…" : scores.map(AgainstView::delta).orElse(v.why()));
        method.setText(scores.map(s -> "n = " + Figures.count(s.a().seen()) + " samples of "
                        + Invisible.escaped(v.data()) + ", float "
                        + Figures.score(s.a().task(), s.a().floatScore()) + "; " + s.method())
                .orElse(""));
        notes.setText(found.map(c -> String.join(" ", c.notes())).orElse(""));
        List<TensorDifference> rows = found.map(SettingsComparison::differing).orElse(List.of());
        differ.setText(found.map(c -> rows.size() + " of " + c.tensors().size() + " tensors differ")
                .orElse(""));
        if (!table.getItems().equals(rows)) {
            table.getItems().setAll(rows);
            if (rows.isEmpty()) {
                grids.show(Optional.empty());
            } else {
                table.getSelectionModel().selectFirst();
            }
        }
        saysA.setText(
                scores.map(s -> "only A gets wrong · " + wrong(s.onlyAWrong().size()))
                        .orElse(""));
        saysB.setText(
                scores.map(s -> "only B gets wrong · " + wrong(s.onlyBWrong().size()))
                        .orElse(""));
        onlyA.getChildren()
                .setAll(v.onlyA().stream().map(w -> tile(w, v.classes())).toList());
        onlyB.getChildren()
                .setAll(v.onlyB().stream().map(w -> tile(w, v.classes())).toList());
    }

    private static String wrong(int all) {
        return Figures.count(all)
                + (all > AgainstViewModel.SHOWN ? ", of which " + AgainstViewModel.SHOWN + " are shown" : "");
    }

    private static String score(AccuracyEstimate of) {
        return Figures.score(of.task(), of.score());
    }

    private static String size(ModelSize size) {
        return Figures.bytes(size.quantizedBytes()) + " of " + Figures.bytes(size.floatBytes());
    }

    private static String delta(SideBySide s) {
        Task task = s.a().task();
        return "B − A: " + Figures.difference(task, s.delta()) + "  ["
                + Figures.difference(task, s.population().lo()) + " … "
                + Figures.difference(task, s.population().hi()) + "] at 95 %"
                + (s.isTold() ? "" : ": may be chance");
    }

    private static String differs(TensorDifference t) {
        return t.settings().isEmpty()
                ? "the range found"
                : t.settings().stream()
                        .map(s -> s.name() + " " + s.a() + " → " + s.b())
                        .collect(Collectors.joining(" · "));
    }

    private static String sqnr(Optional<TensorDifference.Figures> of) {
        OptionalDouble db = AgainstViewModel.sqnr(of);
        return of.isEmpty() ? "float" : (of.get().exact() || db.isEmpty() ? "" : Figures.ABOUT) + Figures.decibels(db);
    }

    private static TableColumn<TensorDifference, String> column(
            String title, double width, Function<TensorDifference, String> text) {
        TableColumn<TensorDifference, String> column = new TableColumn<>(title);
        column.setCellValueFactory(row -> new ReadOnlyStringWrapper(text.apply(row.getValue())));
        column.setPrefWidth(width);
        column.setSortable(false);
        return column;
    }

    private static Node tile(Wrong wrong, List<String> classes) {
        SideBySide.Differing d = wrong.sample();
        String text = "sample " + d.sample() + label(", label ", d.label(), classes)
                + label(", A: ", d.classA(), classes) + label(", B: ", d.classB(), classes);
        Label tile = new Label(wrong.picture().isPresent() ? "" : Integer.toString(d.sample()));
        wrong.picture().ifPresent(p -> tile.setGraphic(picture(p)));
        tile.setMinSize(SIDE, SIDE);
        tile.setAlignment(Pos.CENTER);
        tile.getStyleClass().add("sample-tile");
        tile.setTooltip(new Tooltip(text));
        tile.setAccessibleText(text);
        Label answers = new Label(said(d.classA(), classes) + " | " + said(d.classB(), classes));
        answers.getStyleClass().add("hint");
        VBox both = new VBox(2, tile, answers);
        both.setAlignment(Pos.CENTER);
        return both;
    }

    private static String label(String before, OptionalInt of, List<String> classes) {
        return of.isEmpty() ? "" : before + said(of, classes);
    }

    private static String said(OptionalInt of, List<String> classes) {
        return of.isEmpty()
                ? Figures.NONE
                : of.getAsInt() < classes.size()
                        ? Invisible.escaped(classes.get(of.getAsInt()))
                        : Integer.toString(of.getAsInt());
    }

    private static ImageView picture(SamplePicture p) {
        WritableImage image = new WritableImage(p.width(), p.height());
        image.getPixelWriter()
                .setPixels(0, 0, p.width(), p.height(), PixelFormat.getIntArgbInstance(), p.argb(), 0, p.width());
        ImageView view = new ImageView(image);
        view.setFitWidth(SIDE - 4);
        view.setFitHeight(SIDE - 4);
        view.setPreserveRatio(true);
        view.setSmooth(false);
        return view;
    }

    private static HBox named(String name, Node node) {
        Label label = new Label(name);
        label.setLabelFor(node);
        HBox row = new HBox(GAP, label, node);
        row.setAlignment(Pos.CENTER_LEFT);
        return row;
    }

    private static ComboBox<String> choice(String id, String name) {
        ComboBox<String> box = new ComboBox<>();
        box.setId(id);
        box.setAccessibleText("Settings " + name);
        box.setPrefWidth(180);
        return box;
    }

    private static Label figure(String id) {
        Label label = new Label();
        label.setId(id);
        label.getStyleClass().addAll("number", "against-score");
        label.setMinWidth(Region.USE_PREF_SIZE);
        return label;
    }

    private static Label words(String id) {
        Label label = new Label();
        label.setId(id);
        label.getStyleClass().add("hint");
        return label;
    }
}
