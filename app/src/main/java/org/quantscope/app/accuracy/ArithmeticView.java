package org.quantscope.app.accuracy;

import java.util.Optional;
import java.util.OptionalDouble;
import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.control.MenuButton;
import javafx.scene.control.RadioMenuItem;
import javafx.scene.control.ToggleGroup;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.quantscope.app.accuracy.ArithmeticViewModel.View;
import org.quantscope.app.ui.Facts;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.verify.IntegerEvaluation;

/** The switch between the simulation in float32 and a runtime's whole numbers, and what these come to. */
public final class ArithmeticView extends VBox {
    private static final double GAP = 4;
    private static final String FLOAT = "as float simulates";

    private final MenuButton choice = new MenuButton(FLOAT);
    private final Facts facts = new Facts();
    private final Label score = facts.addNumber(
            "whole numbers",
            "arithmetic-score",
            "The score of the same settings in whole numbers, and its difference to the float model, on the first 1,000"
                    + " samples at most");
    private final Label flips = facts.addNumber(
            "flips",
            "arithmetic-flips",
            "Samples on which whole numbers give another class than the simulation in float32");
    private final Label sqnr = facts.addNumber(
            "SQNR to simulation",
            "arithmetic-sqnr",
            "10·log10(Σs²/Σ(s−w)²) of the simulated outputs s and those in whole numbers w, in dB; more is closer");
    private final Label hint = new Label();

    public ArithmeticView(ArithmeticViewModel model) {
        super(GAP);
        setId("arithmetic-card");
        choice.setId("arithmetic");
        choice.getStyleClass().add("link");
        choice.setTooltip(
                new Tooltip("Whose arithmetic: the simulation rounds float32 values to the grids; a chip adds whole"
                        + " numbers in 32 bits and rounds once more, each runtime in its own way. Follows each"
                        + " edit; 8-bit settings only."));
        ToggleGroup one = new ToggleGroup();
        add(one, FLOAT, "float", Optional.empty(), model);
        for (Arithmetic arithmetic : Arithmetic.values()) {
            add(one, arithmetic.title(), arithmetic.id(), Optional.of(arithmetic), model);
        }
        Label what = new Label("Arithmetic");
        what.getStyleClass().add("muted");
        HBox row = new HBox(GAP, what, choice);
        row.setAlignment(Pos.CENTER_LEFT);
        hint.setId("arithmetic-hint");
        hint.getStyleClass().add("hint");
        hint.setWrapText(true);
        hint.setMinHeight(Region.USE_PREF_SIZE);
        getStyleClass().add("card");
        getChildren().addAll(row, facts, hint);
        model.viewProperty().subscribe(this::show);
    }

    private void add(
            ToggleGroup one, String text, String id, Optional<Arithmetic> arithmetic, ArithmeticViewModel model) {
        RadioMenuItem item = new RadioMenuItem(text);
        item.setId("arithmetic-" + id);
        item.setToggleGroup(one);
        item.setSelected(arithmetic.isEmpty());
        item.setOnAction(e -> {
            choice.setText(text);
            model.choose(arithmetic);
        });
        choice.getItems().add(item);
    }

    private void show(View v) {
        Optional<IntegerEvaluation.Result> result =
                v instanceof View.Done(IntegerEvaluation.Result r) ? Optional.of(r) : Optional.empty();
        facts.setVisible(result.isPresent());
        facts.setManaged(facts.isVisible());
        String text = switch (v) {
            case View.Simulated _, View.Done _ -> "";
            case View.Waiting(Arithmetic _, String what) -> "Whole numbers: " + what;
            case View.Refused(Arithmetic _, String why) -> why;
        };
        hint.setText(text);
        hint.setVisible(!text.isEmpty());
        hint.setManaged(hint.isVisible());
        result.ifPresent(this::show);
    }

    private void show(IntegerEvaluation.Result result) {
        AccuracyEstimate figure = result.besideFloat();
        AccuracyEstimate simulation = result.besideSimulation();
        score.setText(Figures.score(figure.task(), figure.score()) + "  "
                + Figures.difference(figure.task(), figure.delta()));
        facts.show(flips, simulation.agree().isPresent());
        flips.setText(Figures.count(result.flips()) + " of " + Figures.count(simulation.seen()));
        double db = simulation.logitSqnrDb();
        sqnr.setText(
                db == Double.POSITIVE_INFINITY
                        ? "no difference"
                        : Figures.decibels(Double.isFinite(db) ? OptionalDouble.of(db) : OptionalDouble.empty()));
    }
}
