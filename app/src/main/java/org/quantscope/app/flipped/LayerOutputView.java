package org.quantscope.app.flipped;

import java.util.Locale;
import java.util.stream.Stream;
import javafx.geometry.HPos;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Copyable;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Previous;
import org.quantscope.app.ui.SplitBar;
import org.quantscope.core.eval.LayerError;
import org.quantscope.core.io.Invisible;

/** How far the error of the selected tensor reaches: with it alone quantized, and with everything quantized. */
public final class LayerOutputView extends VBox {
    private static final double GAP = 16;
    private static final double LINE = 4;
    private static final double BAR = 64;

    private final GridPane table = new GridPane(GAP, LINE);
    private final Label hint = new Label();

    public LayerOutputView(LayerOutputViewModel model) {
        super(LINE);
        table.setId("layer-output");
        hint.setId("layer-output-hint");
        hint.getStyleClass().add("hint");
        hint.setWrapText(true);
        ColumnConstraints place = new ColumnConstraints();
        place.setHgrow(Priority.ALWAYS);
        place.setMinWidth(USE_PREF_SIZE);
        ColumnConstraints number = new ColumnConstraints();
        number.setHalignment(HPos.RIGHT);
        number.setMinWidth(70);
        ColumnConstraints bar = new ColumnConstraints();
        bar.setMinWidth(BAR / 2);
        bar.setPrefWidth(BAR);
        table.getColumnConstraints().addAll(place, number, bar, number, bar);
        getChildren().addAll(table, hint);
        setFocusTraversable(true);
        Copyable.install(
                this,
                () -> model.viewProperty().get().shown().map(LayerFigures::output).stream()
                        .toList());
        model.viewProperty().subscribe(this::show);
    }

    private void show(LayerOutputViewModel.View v) {
        table.getChildren().clear();
        Previous.mark(table, v instanceof LayerOutputViewModel.View.Shown shown && shown.previous());
        hint.setText("");
        switch (v) {
            case LayerOutputViewModel.View.Nothing nothing -> hint.setText(nothing.why());
            case LayerOutputViewModel.View.Shown shown -> fill(shown);
        }
        hint.setManaged(!hint.getText().isEmpty());
    }

    private void fill(LayerOutputViewModel.View.Shown v) {
        double largest = v.rows().stream()
                .flatMap(r -> Stream.of(r.isolated(), r.accumulated()))
                .mapToDouble(e -> e.relative().orElse(1))
                .max()
                .orElse(0);
        double most = largest == 0 ? 1 : Math.min(1, largest);
        Label over = muted(
                Figures.count(v.samples()) + " samples of " + v.data(),
                "Where the error is seen, on these samples. SQNR: signal to the error that quantization makes, in"
                        + " dB; more is better."
                        + String.format(Locale.ROOT, "\nA full bar is an error of %.3g %% of the values.", most * 100));
        over.setId("layer-output-samples");
        table.add(over, 0, 0);
        headOverFigureAndBar(muted("only this, SQNR", "SQNR with only the selected tensor quantized"), 1);
        headOverFigureAndBar(muted("all, SQNR", "SQNR with everything quantized as it is set"), 3);
        for (int i = 0; i < v.rows().size(); i++) {
            LayerOutputViewModel.Row row = v.rows().get(i);
            Label place = new Label(row.place());
            place.setTooltip(new Tooltip(Invisible.escaped(row.value().name())));
            table.addRow(
                    i + 1,
                    place,
                    figure("isolated-" + i, row.isolated()),
                    bar(row.isolated(), most),
                    figure("accumulated-" + i, row.accumulated()),
                    bar(row.accumulated(), most));
        }
    }

    private void headOverFigureAndBar(Label head, int column) {
        head.setMinWidth(USE_PREF_SIZE);
        GridPane.setHalignment(head, HPos.LEFT);
        table.add(head, column, 0, 2, 1);
    }

    private static Label muted(String text, String tip) {
        Label label = new Label(text);
        label.getStyleClass().add("hint");
        if (!tip.isEmpty()) {
            label.setTooltip(new Tooltip(tip));
        }
        return label;
    }

    private static Label figure(String id, LayerError error) {
        Label label = new Label(ErrorBars.decibels(error.sqnrDb()));
        label.setId(id);
        label.getStyleClass().add("number");
        label.setMinWidth(USE_PREF_SIZE);
        label.setTooltip(new Tooltip(ErrorBars.figures(error)));
        return label;
    }

    private static SplitBar bar(LayerError error, double most) {
        SplitBar bar = new SplitBar("error", "");
        bar.setShare(error.relative().orElse(1) / most);
        return bar;
    }
}
