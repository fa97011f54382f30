package org.quantscope.app.accuracy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.TableColumn;
import javafx.scene.control.TableView;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.BudgetState.Choices;
import org.quantscope.app.accuracy.BudgetState.Found;
import org.quantscope.app.accuracy.BudgetState.Status;
import org.quantscope.app.ui.Facts;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Segments;
import org.quantscope.core.budget.BitTarget;
import org.quantscope.core.budget.Comparison;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.budget.MixedPrecision.Unit;
import org.quantscope.core.budget.WeightGroup;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.rounding.Rounding;
import org.quantscope.core.rounding.Roundings;
import org.quantscope.core.tensor.TensorId;

/** Spending a bit budget: what it counts, the front that was measured, and the bits of each weight under the hand. */
public final class BudgetView extends VBox {
    private static final double GAP = 12;
    private static final double SMALL = 6;
    private static final double FACTS_WIDTH = 330;
    private static final double FIELD_WIDTH = 92;
    private static final double HINT_WIDTH = 460;

    private static final String ABOUT =
            "Measures on the calibration data, without labels, which mixtures of bits move the answers least from"
                    + " those of the float model, for each size. Every figure is that of a whole mixture. It can be"
                    + " stopped, and goes on where it was.";

    /** A line of the table. */
    private record Line(TensorId id, int bits, Optional<Double> alone, String note) {}

    private final BudgetViewModel model;
    private final Segments unit = new Segments("bytes", "bit-operations")
            .describe(0, "budget-unit-bytes", "The budget counts the bytes of all stored tensors, scales included")
            .describe(
                    1,
                    "budget-unit-ops",
                    "The budget counts, for one sample, multiplications times the bits of both factors");
    private final ComboBox<BitTarget> target = new ComboBox<>();
    private final ComboBox<Rounding> rounding = new ComboBox<>();
    private final CheckBox all = new CheckBox("also tensors with settings of their own");
    private final Button measure = new Button("Measure");
    private final ProgressBar bar = new ProgressBar();
    private final Label progress = new Label();
    private final Label hint = new Label();
    private final Button data = new Button("Data…");
    private final VBox empty = new VBox(GAP, hint, data);
    private final FrontView front;
    private final TextField field = new TextField();
    private final Label fieldUnit = new Label();
    private final Facts facts = new Facts();
    private final Label bits = facts.addNumber(
            "average bits", "budget-bits", "Bits of codes for each weight, on average over all quantized weights");
    private final Label size =
            facts.addNumber("size", "budget-size", "Bytes of all stored tensors, scales and zero points included");
    private final Label operations = facts.addNumber(
            "bit-operations",
            "budget-operations",
            "For one sample: multiplications of each layer times the bits of its weight and of its input");
    private final Label loss = facts.addNumber(
            "expected loss",
            "budget-loss",
            "How far the answers move from the float model's, in the whole mixture with the nearest levels: Kullback-"
                    + "Leibler divergence in nats, or the share of noise in the outputs; 0 is best");
    private final Label restsOn =
            facts.addNumber("measured on", "budget-samples", "The calibration samples that the expected loss rests on");
    private final Label score = facts.addNumber(
            "accuracy",
            "budget-accuracy",
            "Of the mixture with the nearest levels, on the evaluation data, with the number of samples");
    private final TableView<Line> table = new TableView<>();
    private final TableColumn<Line, String> alone =
            column("loss alone", l -> l.alone.map(Figures::small).orElse(Figures.NONE));
    private final Button compare = new Button("Bits or rounding?");
    private final Label sentence = new Label();
    private final Label notes = new Label();
    private final HBox upper;
    private final HBox comparing;
    private List<Line> lines = List.of();

    /** @param chooseData lets a person choose calibration data */
    public BudgetView(BudgetViewModel model, Runnable chooseData) {
        super(GAP);
        this.model = model;
        setId("budget");
        setPadding(new Insets(GAP, 0, 0, 0));
        front = new FrontView(model);
        target.setId("budget-target");
        target.getItems().setAll(BitTarget.all());
        target.setConverter(text(BudgetView::targetText));
        target.setTooltip(new Tooltip("The widths to choose from: those that a program runs, or any"));
        rounding.setId("budget-rounding");
        rounding.getItems().setAll(Roundings.all());
        rounding.setConverter(text(Rounding::title));
        rounding.setTooltip(new Tooltip("How the codes of the weights are chosen once they have their bits; the losses"
                + " here are those of the nearest levels"));
        all.setId("budget-all");
        all.setTooltip(new Tooltip("Off: tensors with settings of their own keep them, their bits included"));
        unit.setOnChoose(i -> choose(i == 0 ? Unit.BYTES : Unit.BIT_OPERATIONS));
        target.setOnAction(e -> choose(now -> new Choices(now.unit(), target.getValue(), now.rounding(), now.all())));
        rounding.setOnAction(e -> choose(
                now -> new Choices(now.unit(), now.target(), rounding.getValue().id(), now.all())));
        all.setOnAction(e -> choose(now -> new Choices(now.unit(), now.target(), now.rounding(), all.isSelected())));
        measure.setId("budget-measure");
        measure.getStyleClass().add("primary");
        measure.setMinWidth(USE_PREF_SIZE);
        measure.setOnAction(e -> {
            if (model.viewProperty().get().status() == Status.MEASURING) {
                model.stop();
            } else {
                model.measure();
            }
        });
        bar.setId("budget-bar");
        bar.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(bar, Priority.ALWAYS);
        progress.setId("budget-progress");
        progress.getStyleClass().add("hint");
        progress.setMinWidth(USE_PREF_SIZE);
        data.setId("budget-data");
        data.setOnAction(e -> chooseData.run());
        hint.setId("budget-hint");
        hint.setWrapText(true);
        hint.setMaxWidth(HINT_WIDTH);
        hint.setMinHeight(USE_PREF_SIZE);
        empty.setAlignment(Pos.CENTER);
        field.setId("budget-field");
        field.setPrefWidth(FIELD_WIDTH);
        field.setTooltip(new Tooltip("The most that the mixture may cost; Enter takes it over"));
        field.setOnAction(e -> typed());
        fieldUnit.getStyleClass().add("muted");
        Label budget = new Label("Budget");
        budget.setLabelFor(field);
        HBox typed = new HBox(SMALL, budget, field, fieldUnit);
        typed.setAlignment(Pos.CENTER_LEFT);
        VBox side = new VBox(GAP, typed, facts);
        side.setMinWidth(FACTS_WIDTH);
        side.setPrefWidth(FACTS_WIDTH);
        HBox.setHgrow(front, Priority.ALWAYS);
        upper = new HBox(GAP, front, side);
        table.setId("budget-table");
        table.setColumnResizePolicy(TableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        TableColumn<Line, String> name = column("tensor", l -> Invisible.escaped(l.id.name()));
        TableColumn<Line, String> width = column("bits", l -> Integer.toString(l.bits));
        TableColumn<Line, String> note = column("", l -> l.note);
        name.setPrefWidth(220);
        width.setPrefWidth(56);
        alone.setPrefWidth(110);
        note.setPrefWidth(300);
        table.getColumns().setAll(List.of(name, width, alone, note));
        table.setPrefHeight(170);
        table.setMinHeight(92);
        VBox.setVgrow(table, Priority.SOMETIMES);
        compare.setId("budget-compare");
        compare.setMinWidth(USE_PREF_SIZE);
        compare.setTooltip(new Tooltip("Compare at one cost: all weights at one width and the mixture, each with the"
                + " nearest levels and with better rounding"));
        compare.setOnAction(e -> model.compare());
        sentence.setId("budget-sentence");
        sentence.setWrapText(true);
        sentence.setMinHeight(USE_PREF_SIZE);
        HBox.setHgrow(sentence, Priority.ALWAYS);
        comparing = new HBox(GAP, compare, sentence);
        comparing.setAlignment(Pos.CENTER_LEFT);
        notes.setId("budget-notes");
        notes.getStyleClass().add("hint");
        notes.setWrapText(true);
        notes.setMinHeight(USE_PREF_SIZE);
        StackPane middle = new StackPane(upper, empty);
        VBox.setVgrow(middle, Priority.ALWAYS);
        getChildren().addAll(choices(), measuring(), middle, table, comparing, notes);
        model.viewProperty().subscribe(this::show);
    }

    private Node choices() {
        HBox first = new HBox(GAP, named("Count", unit), named("Widths", target), named("Rounding", rounding));
        first.setAlignment(Pos.CENTER_LEFT);
        return new VBox(SMALL, first, all);
    }

    private static Node named(String text, Region control) {
        Label label = new Label(text);
        label.setLabelFor(control);
        label.setMinWidth(USE_PREF_SIZE);
        control.setMinWidth(USE_PREF_SIZE);
        HBox box = new HBox(SMALL, label, control);
        box.setAlignment(Pos.CENTER_LEFT);
        return box;
    }

    private Node measuring() {
        HBox line = new HBox(GAP, measure, bar, progress);
        line.setAlignment(Pos.CENTER_LEFT);
        return line;
    }

    /** Puts the focus where a person goes on. */
    public void focusFirst() {
        measure.requestFocus();
    }

    private interface Change {
        Choices of(Choices now);
    }

    private void choose(Unit other) {
        choose(now -> new Choices(other, now.target(), now.rounding(), now.all()));
    }

    private void choose(Change change) {
        Choices now = model.viewProperty().get().choices();
        Choices next = change.of(now);
        if (!next.equals(now)) {
            model.choose(next);
        }
    }

    private static String targetText(BitTarget t) {
        return t.title() + ": " + t.widths().stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private interface Text<T> {
        String of(T value);
    }

    private static <T> StringConverter<T> text(Text<T> by) {
        return new StringConverter<>() {
            @Override
            public String toString(T value) {
                return value == null ? "" : by.of(value);
            }

            @Override
            public T fromString(String typed) {
                throw new UnsupportedOperationException("chosen, not typed");
            }
        };
    }

    private static TableColumn<Line, String> column(String title, Text<Line> text) {
        TableColumn<Line, String> column = new TableColumn<>(title);
        column.setCellValueFactory(cell -> new ReadOnlyObjectWrapper<>(text.of(cell.getValue())));
        column.setSortable(false);
        column.setReorderable(false);
        return column;
    }

    /** How much of the unit of a budget is one in the field. */
    private static double scale(Unit of) {
        return of == Unit.BYTES ? 1024 : 1e6;
    }

    private void typed() {
        Unit of = model.viewProperty().get().choices().unit();
        Figures.parse(field.getText()).ifPresent(x -> {
            model.chooseBudget(x * scale(of));
            model.settle();
        });
        write(model.viewProperty().get());
    }

    private void write(BudgetState state) {
        Unit of = state.choices().unit();
        state.chosen().ifPresent(a -> {
            double shown = a.in(of) / scale(of);
            field.setText(String.format(Locale.ROOT, shown < 100 ? "%.2f" : "%.1f", shown));
        });
    }

    private void show(BudgetState state) {
        Choices choices = state.choices();
        unit.choose(choices.unit() == Unit.BIT_OPERATIONS ? 1 : 0);
        if (!choices.target().equals(target.getValue())) {
            target.setValue(choices.target());
        }
        Rounding chosen = Roundings.byId(choices.rounding());
        if (!chosen.equals(rounding.getValue())) {
            rounding.setValue(chosen);
        }
        all.setSelected(choices.all());
        boolean running = state.status() == Status.MEASURING;
        boolean possible = state.status() != Status.IMPOSSIBLE;
        boolean open = state.isOpen();
        measure.setText(running ? "Stop" : state.status() == Status.STOPPED ? "Go on" : "Measure");
        put(measure, possible && state.status() != Status.DONE);
        bar.setVisible(running);
        put(bar, running);
        bar.setProgress(running && state.share() > 0 ? state.share() : ProgressBar.INDETERMINATE_PROGRESS);
        progress.setText(
                switch (state.status()) {
                    case MEASURING -> state.progress().isEmpty() ? "…" : state.progress();
                    case STOPPED -> "Stopped; what was measured is kept.";
                    case DONE ->
                        state.found().map(f -> Figures.count(f.evaluations())).orElse("")
                                + " mixtures measured: the least loss at each cost";
                    case READY, FAILED, IMPOSSIBLE -> "";
                });
        put(empty, !open);
        hint.setText(state.why().isEmpty() ? ABOUT : state.why());
        put(data, state.why().contains("“Data…”"));
        put(upper, open);
        put(table, open);
        put(comparing, open);
        front.show(state);
        field.setDisable(!open);
        fieldUnit.setText(choices.unit() == Unit.BYTES ? "KiB" : "million bit-operations");
        if (!field.isFocused()) {
            write(state);
        }
        showChosen(state);
        compare.setDisable(state.comparing() || state.busy());
        sentence.setText(
                state.comparing()
                        ? "Four settings are being made and measured…"
                        : state.comparison()
                                .map(Comparison::sentence)
                                .orElse("At the same cost, do mixed bits buy more than better rounding?"));
        String said = state.found().map(f -> String.join("\n", f.notes())).orElse("");
        notes.setText(said);
        put(notes, open && !said.isEmpty());
    }

    private void showChosen(BudgetState state) {
        Optional<Assignment> a = state.chosen();
        Optional<Found> found = state.found();
        bits.setText(a.map(x -> BudgetText.bits(x.averageBits())).orElse(Figures.NONE));
        size.setText(a.map(x -> Figures.bytes(x.sizeBytes())).orElse(Figures.NONE));
        operations.setText(a.map(x -> BudgetText.operations(x.bitOperations())).orElse(Figures.NONE));
        loss.setText(a.flatMap(x -> found.map(f -> BudgetText.loss(f, x.loss())))
                .orElse(Figures.NONE));
        restsOn.setText(found.map(f -> Figures.count(f.samples()) + " calibration samples")
                .orElse(Figures.NONE));
        score.setText(
                state.accuracy().map(BudgetText::accuracy).orElse(a.isPresent() ? "no evaluation data" : Figures.NONE));
        List<Line> next = a.flatMap(x -> found.map(f -> lines(state, x, f))).orElse(List.of());
        if (!next.equals(lines)) {
            lines = next;
            table.getItems().setAll(next);
        }
        alone.setText(found.map(Found::divergence).orElse(true) ? "KL alone, nats" : "noise alone");
    }

    private static List<Line> lines(BudgetState state, Assignment a, Found found) {
        Map<TensorId, String> group = new HashMap<>();
        int number = 0;
        for (WeightGroup g : found.groups()) {
            number++;
            String why = "group " + number + ": " + String.join("; ", g.why());
            g.members().forEach(id -> group.put(id, why));
        }
        List<Line> all = new ArrayList<>();
        a.bits()
                .forEach((id, width) -> all.add(new Line(
                        id,
                        width,
                        Optional.ofNullable(state.alone().get(id)),
                        found.uncounted().contains(id)
                                ? "not counted: the graph does not tell its multiplications"
                                : group.getOrDefault(id, ""))));
        found.pinned()
                .forEach((id, width) -> all.add(new Line(
                        id, width, Optional.empty(), "pinned: it has settings of its own" + also(group.get(id)))));
        return all;
    }

    private static String also(@Nullable String group) {
        return group == null ? "" : " · " + group;
    }

    private static void put(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }
}
