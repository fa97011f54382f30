package org.quantscope.app.accuracy;

import java.util.Locale;
import java.util.function.Consumer;
import javafx.geometry.HPos;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.ExpectedGain;

/** The corrections, each with the loss without it and with it, and a button to apply it. */
public final class ExpectedView extends VBox {
    private static final double GAP = 12;
    private static final double LINE = 8;
    private static final double TIP_WIDTH = 420;
    private static final int COLUMNS = 5;

    private final GridPane rows = new GridPane(GAP, LINE);
    private final Label said = hint("expected-said");
    private final Button choose = new Button("Choose calibration data…");
    private final Consumer<Correction> apply;
    private final Subscription watching;

    /**
     * @param apply applies a correction
     * @param chooseData lets the user choose calibration data
     */
    public ExpectedView(ExpectedViewModel model, Consumer<Correction> apply, Runnable chooseData) {
        super(GAP);
        this.apply = apply;
        setPadding(new Insets(GAP));
        Label about = hint("expected-about");
        about.setText("Each correction is made on one half of the calibration data; on the other half the divergence of"
                + " the quantized model’s answers from the float model’s is measured, without it and with it. A smaller"
                + " one is better. No labels are needed, and nothing is changed.");
        rows.setId("expected-rows");
        ColumnConstraints name = new ColumnConstraints();
        name.setHgrow(Priority.ALWAYS);
        rows.getColumnConstraints().add(name);
        for (int c = 1; c < COLUMNS; c++) {
            ColumnConstraints column = new ColumnConstraints();
            column.setMinWidth(USE_PREF_SIZE);
            column.setHalignment(c < COLUMNS - 1 ? HPos.RIGHT : HPos.LEFT);
            rows.getColumnConstraints().add(column);
        }
        choose.setId("expected-choose-data");
        choose.setMinWidth(USE_PREF_SIZE);
        choose.setTooltip(tip("Samples like those of later use, a few hundred; labels are not needed"));
        choose.setOnAction(e -> chooseData.run());
        HBox foot = new HBox(GAP, said, choose);
        foot.setAlignment(Pos.CENTER_LEFT);
        HBox.setHgrow(said, Priority.ALWAYS);
        getChildren().setAll(about, rows, foot);
        watching = model.viewProperty().subscribe(this::show);
    }

    private void show(ExpectedViewModel.View view) {
        rows.getChildren().clear();
        String unit = view.rows().stream()
                .flatMap(r -> r.gain().stream())
                .map(ExpectedGain::unit)
                .findFirst()
                .orElse("KL");
        rows.addRow(
                0,
                head("correction", ""),
                head(unit + " without", ""),
                head(unit + " with", ""),
                head("change", "A smaller loss is better"));
        String nats = unit.equals("KL")
                ? "Mean Kullback-Leibler divergence for each sample, in nats"
                : "Share of noise in the outputs";
        int line = 1;
        for (ExpectedViewModel.Row row : view.rows()) {
            Correction c = row.correction();
            Label title = new Label(c.title());
            title.setMinWidth(USE_PREF_SIZE);
            title.setTooltip(tip(c.summary() + " (" + c.source() + ")"));
            Button button = new Button("Apply");
            button.setId("expected-apply-" + c.id());
            button.setMinWidth(USE_PREF_SIZE);
            button.setAccessibleText("Apply " + c.title());
            button.setTooltip(tip("Change the float weights so, as one undo step"));
            button.setDisable(!row.why().isEmpty() || view.running());
            button.setOnAction(e -> apply.accept(c));
            rows.add(title, 0, line);
            if (row.gain().isPresent()) {
                ExpectedGain gain = row.gain().get();
                rows.add(number(gain.before(), nats, "expected-before-" + c.id()), 1, line);
                rows.add(number(gain.after(), nats, "expected-after-" + c.id()), 2, line);
                rows.add(gain(gain, c), 3, line);
            } else {
                Label why = new Label(row.why().isEmpty() ? (view.running() ? "…" : "not measured") : row.why());
                why.setId("expected-why-" + c.id());
                why.getStyleClass().add("muted");
                why.setTooltip(tip(why.getText()));
                rows.add(why, 1, line, COLUMNS - 2, 1);
            }
            rows.add(button, COLUMNS - 1, line++);
        }
        said.setText(view.said());
        choose.setVisible(!view.mayRun());
        choose.setManaged(choose.isVisible());
    }

    private static Label gain(ExpectedGain gain, Correction c) {
        Label label = new Label(
                gain.changed() == 0
                        ? "nothing to do"
                        : gain.helps() ? "−" + Figures.percent(1 - gain.after() / gain.before()) : "does not help");
        label.setId("expected-gain-" + c.id());
        label.setMinWidth(USE_PREF_SIZE);
        label.getStyleClass().add(gain.helps() ? "number" : "muted");
        label.setTooltip(tip(gain.said()));
        return label;
    }

    private static Label number(double value, String unit, String id) {
        Label label = new Label(Double.isFinite(value) ? String.format(Locale.ROOT, "%.3g", value) : "not finite");
        label.setId(id);
        label.setMinWidth(USE_PREF_SIZE);
        label.getStyleClass().add("number");
        label.setTooltip(tip(unit));
        return label;
    }

    private static Label head(String text, String tip) {
        Label label = new Label(text);
        label.setMinWidth(USE_PREF_SIZE);
        label.getStyleClass().add("muted");
        if (!tip.isEmpty()) {
            label.setTooltip(tip(tip));
        }
        return label;
    }

    private static Label hint(String id) {
        Label label = new Label();
        label.setId(id);
        label.setWrapText(true);
        label.getStyleClass().add("hint");
        label.setMinHeight(USE_PREF_SIZE);
        return label;
    }

    private static Tooltip tip(String text) {
        Tooltip tip = new Tooltip(text);
        tip.setWrapText(true);
        tip.setMaxWidth(TIP_WIDTH);
        return tip;
    }

    /** Stops following the figures. */
    public void close() {
        watching.unsubscribe();
    }
}
