package org.quantscope.app.improve;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javafx.geometry.HPos;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.geometry.VPos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.improve.ImproveState.Row;
import org.quantscope.app.ui.SteadyLabel;
import org.quantscope.core.improve.Step;

/** The steps to choose from, and the waterfall of what they gain. */
public final class ImproveView extends VBox {
    private static final double GAP = 12;
    private static final double SMALL_GAP = 6;
    private static final double LINE = 2;
    private static final double BITS_WIDTH = 64;
    private static final double TIP_WIDTH = 420;
    private static final int COLUMNS = 6;
    private static final int AFTER_BAR = 2;
    private static final int BEFORE_GAIN = 3;

    private final ImproveViewModel model;
    private final Label why = hint("improve-why");
    private final Button choose = new Button("Choose calibration data…");
    private final HBox obstacle = new HBox(GAP, why, choose);
    private final Map<Step.Kind, CheckBox> wanted = new EnumMap<>(Step.Kind.class);
    private final TextField bits = new TextField();
    private final Label badBits = hint("improve-bad-bits");
    private final ProgressBar bar = new ProgressBar();
    private final Label doing = new SteadyLabel();
    private final HBox progress = new HBox(GAP, bar, doing);
    private final GridPane rows = new GridPane(GAP, LINE);
    private final Label outcome = hint("improve-outcome");
    private final Subscription watching;
    private List<Row> shown = List.of();
    private Optional<ImproveState.Axis> axis = Optional.empty();

    /** @param chooseData lets the user choose calibration data */
    public ImproveView(ImproveViewModel model, Runnable chooseData) {
        super(GAP);
        this.model = model;
        setPadding(new Insets(GAP));
        Label about = hint("improve-about");
        about.setText("Runs the steps in this order and keeps each only if it helps on calibration data that it was not"
                + " made from. The evaluation data decides nothing: it shows what each step gains.");
        choose.setId("improve-choose-data");
        choose.setMinWidth(USE_PREF_SIZE);
        choose.setTooltip(tip("Samples like those of later use, a few hundred; labels are not needed"));
        choose.setOnAction(e -> chooseData.run());
        obstacle.setAlignment(Pos.CENTER_LEFT);
        progress.setAlignment(Pos.CENTER_LEFT);
        doing.setId("improve-doing");
        doing.getStyleClass().add("hint");
        bar.setAccessibleText("Progress of the present step");
        badBits.getStyleClass().add("warning");
        rows.setId("improve-rows");
        columns();
        ScrollPane scroll = new ScrollPane(rows);
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.getStyleClass().add("side-panel");
        scroll.setFocusTraversable(false);
        VBox.setVgrow(scroll, Priority.ALWAYS);
        getChildren().addAll(about, choices(), obstacle, scroll, progress, outcome);
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

    private FlowPane choices() {
        FlowPane choices = new FlowPane(GAP, SMALL_GAP);
        choices.setAlignment(Pos.CENTER_LEFT);
        for (Step.Kind kind : Step.Kind.values()) {
            if (kind.isChoice()) {
                CheckBox box = new CheckBox(kind.title());
                box.setId("improve-step-" + kind.id());
                box.setTooltip(tip(kind.doc()));
                box.setOnAction(e -> model.want(kind, box.isSelected()));
                wanted.put(kind, box);
                choices.getChildren().add(box);
            }
        }
        Label name = new Label("Bits on average");
        name.setLabelFor(bits);
        name.getStyleClass().add("muted");
        bits.setId("improve-bits");
        bits.setPrefWidth(BITS_WIDTH);
        bits.setAccessibleText("Budget: bits of codes for each weight, on average");
        bits.setTooltip(
                tip("The budget: bits of codes for each quantized weight, on average, scales not counted. Empty:"
                        + " what the settings take now. Fewer than that begins with the same fewer bits for all"
                        + " weights"));
        bits.setText(model.stateProperty().get().bits());
        bits.textProperty().subscribe(model::setBits);
        HBox budget = new HBox(SMALL_GAP, name, bits, badBits);
        budget.setAlignment(Pos.CENTER_LEFT);
        choices.getChildren().add(budget);
        return choices;
    }

    private void columns() {
        for (int i = 0; i < COLUMNS; i++) {
            ColumnConstraints column = new ColumnConstraints();
            column.setHgrow(i == 1 ? Priority.ALWAYS : Priority.NEVER);
            column.setHalignment(i < AFTER_BAR ? HPos.LEFT : HPos.RIGHT);
            if (i != 1) {
                column.setMinWidth(USE_PREF_SIZE);
            }
            rows.getColumnConstraints().add(column);
        }
    }

    /** Puts the keyboard on the first control that can be used. */
    public void focusFirst() {
        if (choose.isVisible()) {
            choose.requestFocus();
        } else {
            wanted.values().iterator().next().requestFocus();
        }
    }

    /** Stops watching the model. */
    public void close() {
        watching.unsubscribe();
    }

    private void show(ImproveState v) {
        why.setText(v.why());
        visible(obstacle, !v.why().isEmpty());
        visible(choose, v.needsData());
        wanted.forEach((kind, box) -> {
            box.setSelected(v.wanted().contains(kind));
            box.setDisable(v.running());
        });
        if (!bits.getText().strip().equals(v.bits())) {
            bits.setText(v.bits());
        }
        bits.setPromptText(v.bitsNow());
        bits.setDisable(v.running());
        badBits.setText(v.badBits());
        visible(badBits, !v.badBits().isEmpty());
        visible(progress, v.running());
        bar.setProgress(v.share() < 0 ? ProgressBar.INDETERMINATE_PROGRESS : v.share());
        doing.setText(v.doing());
        outcome.setText(v.outcome());
        visible(outcome, !v.outcome().isEmpty());
        if (!v.rows().equals(shown) || !v.axis().equals(axis)) {
            shown = v.rows();
            axis = v.axis();
            layOut(v);
        }
    }

    private static void visible(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }

    private void layOut(ImproveState v) {
        rows.getChildren().clear();
        if (v.rows().isEmpty()) {
            return;
        }
        boolean scored = axis.isPresent();
        rows.addRow(
                0,
                head("step", "In the order in which they run"),
                scored ? ends(axis.get()) : hintOf("Choose evaluation data under Data… to see what each step gains"),
                head(scored ? "score" : "", "On the evaluation data, after the step"),
                head(
                        scored ? "gain, 95 %" : "",
                        "Over the step before, on all evaluation samples; the interval is for samples such as these, of"
                                + " which there are more than were seen"),
                head(
                        "loss",
                        "KL divergence from the float model's answers in nats, or where there are no classes the share"
                                + " of noise in the outputs: on the calibration samples that decide"));
        int at = 1;
        for (Row row : v.rows()) {
            Label title = new Label(row.title());
            title.setMinWidth(USE_PREF_SIZE);
            title.setTooltip(tip(row.doc()));
            Node drawn = row.bar().isPresent() && scored
                    ? new WaterfallBar(axis.get(), row.bar().get())
                    : new Region();
            GridPane.setFillWidth(drawn, true);
            Label score = number("improve-score-" + row.id(), row.score());
            Label gain = number("improve-gain-" + row.id(), row.gain());
            Label interval = number("improve-interval-" + row.id(), row.interval());
            interval.getStyleClass().add("caption");
            Label loss = number("improve-loss-" + row.id(), row.loss());
            rows.addRow(at, title, drawn, score, gain, loss, button(row));
            Label said = hint("improve-said-" + row.id());
            said.setText(row.undone() ? "taken back; " + row.said() : row.said());
            rows.add(said, 0, at + 1, BEFORE_GAIN, 1);
            rows.add(interval, BEFORE_GAIN, at + 1);
            GridPane.setMargin(said, new Insets(0, 0, SMALL_GAP, 0));
            GridPane.setValignment(interval, VPos.TOP);
            for (Node node : List.of(title, drawn, score, gain, interval, loss, said)) {
                if (row.undone() || !row.kept()) {
                    node.getStyleClass().add("undone");
                }
            }
            at += 2;
        }
    }

    private Node button(Row row) {
        if (!row.back() && !row.again()) {
            return new Region();
        }
        Button button = new Button(row.back() ? "Undo" : "Redo");
        button.setId((row.back() ? "improve-undo-" : "improve-redo-") + row.id());
        button.getStyleClass().add("link");
        button.setMinWidth(USE_PREF_SIZE);
        button.setAccessibleText((row.back() ? "Undo " : "Redo ") + row.title());
        button.setTooltip(tip(
                row.back() ? "Takes this step back and leaves those before it (Ctrl+Z)" : "Makes it again (Ctrl+Y)"));
        button.setOnAction(e -> {
            if (row.back()) {
                model.undo();
            } else {
                model.redo();
            }
        });
        return button;
    }

    private static Node ends(ImproveState.Axis axis) {
        Label least = caption(axis.least());
        Label most = caption(axis.most());
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox ends = new HBox(least, space, most);
        Tooltip.install(
                ends, tip("The ends of the axis that all bars share; the thin upright line is the float model"));
        return ends;
    }

    private static Label caption(String text) {
        Label label = new Label(text);
        label.getStyleClass().addAll("number", "caption");
        label.setMinWidth(USE_PREF_SIZE);
        return label;
    }

    private static Label hintOf(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("hint");
        label.setWrapText(true);
        return label;
    }

    private static Label head(String text, String tip) {
        Label label = new Label(text);
        label.getStyleClass().add("muted");
        label.setMinWidth(USE_PREF_SIZE);
        label.setTooltip(tip(tip));
        return label;
    }

    private static Label number(String id, String text) {
        Label label = new Label(text);
        label.setId(id);
        label.getStyleClass().add("number");
        label.setMinWidth(USE_PREF_SIZE);
        return label;
    }
}
