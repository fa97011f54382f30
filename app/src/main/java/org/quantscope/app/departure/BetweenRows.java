package org.quantscope.app.departure;

import java.util.function.Consumer;
import java.util.function.Function;
import javafx.scene.control.Label;
import javafx.scene.layout.Priority;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.departure.TwoForms;
import org.quantscope.core.departure.TwoForms.Flip;
import org.quantscope.core.departure.TwoForms.Part;
import org.quantscope.core.departure.TwoForms.Row;
import org.quantscope.core.departure.TwoForms.Split;

/** What the difference of two deployed forms is made of: tensor by tensor, or in the samples that they answer differently. */
final class BetweenRows extends VBox {
    private static final double GAP = 6;
    private static final double NAME_WIDTH = 200;
    private static final double FIGURE_WIDTH = 84;

    private final FigureTable<Row> tensors =
            new FigureTable<>("compare-between-rows", "What the difference of the two forms is made of");
    private final FigureTable<Flip> flips =
            new FigureTable<>("compare-flips", "Samples that the two forms answer differently");
    private final Label said = new Label();
    private boolean showing;

    /** @param chosen takes the name of the tensor that a person chooses */
    BetweenRows(Consumer<String> chosen) {
        super(GAP);
        tensors.words(
                        "tensor",
                        NAME_WIDTH,
                        "The float model's; those that both forms have",
                        r -> r.name().name())
                .figures(
                        "first, dB",
                        FIGURE_WIDTH,
                        "SQNR of the first form's values beside the float model's",
                        r -> FigureTable.decibels(r.first()))
                .figures(
                        "second, dB",
                        FIGURE_WIDTH,
                        "SQNR of the second form's values beside the float model's",
                        r -> FigureTable.decibels(r.second()))
                .figures(
                        "difference",
                        FIGURE_WIDTH,
                        "Energy of the difference of the two forms' values, as a part of that of the float values; the"
                                + " four parts behind it sum to it",
                        r -> Figures.small(r.difference().whole()));
        parts(tensors, Row::difference);
        tensors.getSelectionModel().selectedItemProperty().subscribe(row -> {
            if (row != null && !showing) {
                chosen.accept(row.name().name());
            }
        });
        flips.figures("sample", FIGURE_WIDTH, "Its index in the data", f -> Figures.count(f.sample()))
                .figures("float", FIGURE_WIDTH, "The float model's answer", f -> Integer.toString(f.floats()))
                .figures("first", FIGURE_WIDTH, "The first form's answer", f -> Integer.toString(f.first()))
                .figures("second", FIGURE_WIDTH, "The second form's answer", f -> Integer.toString(f.second()))
                .figures(
                        "margin",
                        FIGURE_WIDTH,
                        "How the lead of the first form's answer over the second form's changes from the first form to"
                                + " the second, in units of the output; the four parts behind it sum to it",
                        f -> Figures.small(f.margin().whole()));
        parts(flips, Flip::margin);
        said.setId("compare-between-said");
        said.getStyleClass().add("hint");
        said.setWrapText(true);
        said.setMinHeight(USE_PREF_SIZE);
        StackPane both = new StackPane(tensors, flips);
        VBox.setVgrow(both, Priority.ALWAYS);
        getChildren().addAll(both, said);
    }

    private static <T> void parts(FigureTable<T> table, Function<T, Split> split) {
        for (Part part : Part.values()) {
            table.figures(
                    part.id(),
                    FIGURE_WIDTH,
                    tip(part),
                    r -> Figures.small(split.apply(r).part(part)));
        }
    }

    private static String tip(Part part) {
        return switch (part) {
            case SCALE -> "Of other scales and zero points of what both forms quantize";
            case ROUNDING -> "Of other codes of the weights on the same grid";
            case PLACEMENT -> "Of tensors that only one of the two quantizes";
            case REST -> "Of what each form computes otherwise than our simulation of it: kernels, biases, faults";
        };
    }

    /** Shows the tensors, or the samples that are answered differently. */
    void show(TwoForms between, boolean samples) {
        showing = true;
        if (!tensors.getItems().equals(between.tensors())) {
            tensors.getItems().setAll(between.tensors());
        }
        if (!flips.getItems().equals(between.flips())) {
            flips.getItems().setAll(between.flips());
        }
        showing = false;
        tensors.setVisible(!samples);
        flips.setVisible(samples);
        String parts = " its parts are taken in the order scale, rounding, placement, and sum to it.";
        said.setText(
                samples
                        ? "Margin: how the lead of the first form's answer over the second form's changes, in units of"
                                + " the output;" + parts
                        : "Difference: the energy of second minus first, as a part of the float values';" + parts);
    }
}
