package org.quantscope.app.recover;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Control;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.ui.Facts;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.SteadyLabel;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.quant.OptionDoc;

/** The options of a training, the curve of its loss, and what came of it. */
public final class RecoverView extends VBox {
    private static final double GAP = 12;
    private static final double SMALL_GAP = 6;
    private static final double FIELD_WIDTH = 76;
    private static final double TIP_WIDTH = 420;
    private static final String CHOICE = "choice:";

    private final RecoverViewModel model;
    private final List<Control> controls = new ArrayList<>();
    private final Label why = hint("recover-why");
    private final Button choose = new Button("Choose calibration data…");
    private final HBox obstacle = new HBox(GAP, why, choose);
    private final Label bad = hint("recover-bad-option");
    private final LossChart chart;
    private final Facts facts = new Facts();
    private final Label now = facts.addNumber(
            "held-out loss",
            "recover-now",
            "The loss on the samples that are held out: before training → now. Its measure stands below");
    private final Label best = facts.addNumber(
            "best",
            "recover-best",
            "The least loss on the held-out samples so far, and its step: this is what is kept");
    private final Label elapsed = facts.addNumber("elapsed", "recover-elapsed", "Time since the first step");
    private final Label doing = new SteadyLabel();
    private final Label outcome = hint("recover-outcome");
    private final Subscription watching;

    /** @param chooseData lets the user choose calibration data */
    public RecoverView(RecoverViewModel model, Palette palette, Runnable chooseData) {
        super(GAP);
        this.model = model;
        this.chart = new LossChart(palette);
        setPadding(new Insets(GAP));
        Label about = hint("recover-about");
        about.setText("Trains weights, biases and ranges with the weights rounded in every step, on nine tenths of the"
            + " calibration data. The loss on the last tenth is the curve; its best point is kept, as one undo step."
            + " The dashed line is what the rounding “least output error” reaches on the same samples without"
            + " training.");
        choose.setId("recover-choose-data");
        choose.setMinWidth(USE_PREF_SIZE);
        choose.setTooltip(tip("Samples like those of later use, a few hundred; labels are not needed"));
        choose.setOnAction(e -> chooseData.run());
        obstacle.setAlignment(Pos.CENTER_LEFT);
        bad.getStyleClass().add("warning");
        doing.setId("recover-doing");
        doing.getStyleClass().add("hint");
        VBox.setVgrow(chart, Priority.ALWAYS);
        getChildren().addAll(about, choices(), bad, obstacle, chart, facts, doing, outcome);
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
        for (OptionDoc option : model.correction().options()) {
            Control control = control(option);
            control.setId("recover-option-" + option.name());
            control.setTooltip(tip(sentence(option.doc())));
            control.setAccessibleText(option.name() + ": " + option.doc());
            controls.add(control);
            Label name = new Label(sentence(option.name()));
            name.setLabelFor(control);
            name.getStyleClass().add("muted");
            name.setMinWidth(USE_PREF_SIZE);
            HBox pair = new HBox(SMALL_GAP, name, control);
            pair.setAlignment(Pos.CENTER_LEFT);
            choices.getChildren().add(pair);
        }
        return choices;
    }

    private Control control(OptionDoc option) {
        String value = model.stateProperty().get().options().getOrDefault(option.name(), option.defaultValue());
        if (option.type().startsWith(CHOICE)) {
            ComboBox<String> box = new ComboBox<>();
            box.getItems().addAll(option.type().substring(CHOICE.length()).split("\\|", -1));
            box.setValue(box.getItems().contains(value) ? value : option.defaultValue());
            model.setOption(option, box.getValue());
            box.setOnAction(e -> model.setOption(option, box.getValue()));
            return box;
        }
        TextField field = new TextField(value);
        field.setPrefWidth(FIELD_WIDTH);
        field.textProperty().addListener((x, before, text) -> model.setOption(option, text));
        return field;
    }

    private static String sentence(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    /** Puts the keyboard on the first control that can be used. */
    public void focusFirst() {
        (choose.isVisible() ? choose : controls.getFirst()).requestFocus();
    }

    /** Follows the theme. */
    public void setPalette(Palette palette) {
        chart.setPalette(palette);
    }

    /** Stops watching the model. */
    public void close() {
        watching.unsubscribe();
    }

    private void show(RecoverState v) {
        why.setText(v.why());
        visible(obstacle, !v.why().isEmpty());
        visible(choose, v.why().contains("calibration data"));
        bad.setText(v.badOption());
        visible(bad, !v.badOption().isEmpty());
        controls.forEach(c -> c.setDisable(v.running()));
        chart.show(v.points(), v.course().map(TrainedCorrection.Course::solved).orElse(OptionalDouble.empty()));
        now.setText(
                v.points().isEmpty()
                        ? Figures.NONE
                        : Figures.small(v.points().getFirst().loss()) + " → "
                                + Figures.small(v.points().getLast().loss()));
        best.setText(v.best()
                .map(p -> Figures.small(p.loss()) + " at step " + Figures.count(p.step()) + " of "
                        + Figures.count(p.steps()))
                .orElse(Figures.NONE));
        elapsed.setText(
                v.points().isEmpty()
                        ? Figures.NONE
                        : Math.round(v.points().getLast().seconds()) + " s");
        doing.setText(v.doing());
        visible(doing, v.running());
        outcome.setText(v.outcome());
        visible(outcome, !v.outcome().isEmpty());
    }

    private static void visible(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }
}
