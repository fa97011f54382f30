package org.quantscope.app.device;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javafx.geometry.HPos;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Facts;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.device.DeviceCost;
import org.quantscope.core.device.DeviceProfile;
import org.quantscope.core.device.EnergyModel;
import org.quantscope.core.device.MeasuredSpeed;
import org.quantscope.core.io.Invisible;

/** What one sample costs on a device with the settings in hand, the operators that hold most, and the time here. */
public final class DeviceView extends VBox {
    private static final double GAP = 24;
    private static final double LINE = 4;

    /** Operators that hold most, shown at most. */
    private static final int SHOWN = 5;

    private static final String NO_BOARD = "no board in particular";

    private final Facts facts = new Facts();
    private final Label weights = facts.addNumber(
            "weights",
            "device-weights",
            "Bytes of all stored tensors as the board packs them, scales included (flash)");
    private final Label peak = facts.addNumber(
            "peak activation memory",
            "device-peak",
            "The most bytes of activations held at a time for one sample, in the order of the graph (RAM)");
    private final Label macs = facts.addNumber(
            "multiplications",
            "device-macs",
            "Multiplications for one sample, and the share of them whose both factors are quantized");
    private final Label bitOperations = facts.addNumber(
            "bit-operations",
            "device-bit-operations",
            "Each multiplication times the bits of both factors, for one sample");
    private final Label moved = facts.addNumber(
            "bytes moved", "device-moved", "Bytes of weights and activations that operators read and write once each");
    private final Label energy =
            facts.addNumber("modelled energy", "device-energy", "A model, never a measurement: " + EnergyModel.SOURCE);
    private final BudgetPane budget;
    private final GridPane operators = new GridPane(GAP / 2, LINE);
    private final ComboBox<String> boards = new ComboBox<>();
    private final Button measure = new Button("Measure here");
    private final Label said = new Label();
    private final Label hint = new Label();
    private final Region figures;
    private final Region row;

    public DeviceView(DeviceViewModel model) {
        super(LINE * 2);
        operators.setId("device-operators");
        operators.getStyleClass().add("operators");
        ColumnConstraints name = new ColumnConstraints();
        name.setHgrow(Priority.ALWAYS);
        ColumnConstraints number = new ColumnConstraints();
        number.setHalignment(HPos.RIGHT);
        number.setMinWidth(USE_PREF_SIZE);
        operators.getColumnConstraints().addAll(name, number, number);
        facts.setMinWidth(USE_PREF_SIZE);
        budget = new BudgetPane(model);
        figures = new FlowPane(GAP, LINE * 2, facts, budget, operators);

        boards.setId("device-board");
        boards.setAccessibleText("board to compare with");
        boards.setTooltip(new Tooltip("The board to compare with; each states the page that its memory stands on"));
        boards.getItems().add(NO_BOARD);
        model.boards().forEach(board -> boards.getItems().add(board.title()));
        boards.setOnAction(e -> {
            int at = boards.getSelectionModel().getSelectedIndex();
            model.choose(at <= 0 ? Optional.empty() : Optional.of(model.boards().get(at - 1)));
        });
        measure.setId("device-measure");
        measure.setMinWidth(USE_PREF_SIZE);
        measure.setTooltip(new Tooltip(
                "Runs the float model and the exported one in turn in ONNX Runtime on this machine, on one thread"));
        measure.setOnAction(e -> model.measure());
        row = new HBox(GAP / 2, boards, measure);
        ((HBox) row).setAlignment(Pos.CENTER_LEFT);
        said.setId("device-said");
        said.setWrapText(true);
        hint.setId("device-hint");
        hint.getStyleClass().add("hint");
        hint.setWrapText(true);
        getChildren().addAll(figures, row, said, hint);
        model.viewProperty().subscribe(this::show);
    }

    private void show(DeviceViewModel.View view) {
        boolean shown = view instanceof DeviceViewModel.View.Shown;
        for (Region part : List.of(figures, row, said)) {
            part.setVisible(shown);
            part.setManaged(shown);
        }
        switch (view) {
            case DeviceViewModel.View.Nothing nothing -> hint(nothing.why());
            case DeviceViewModel.View.Shown s -> fill(s);
        }
    }

    private void hint(String text) {
        hint.setText(text);
        hint.setManaged(!text.isEmpty());
    }

    private void fill(DeviceViewModel.View.Shown s) {
        DeviceCost cost = s.cost();
        budget.show(s.budget(), s.refused());
        boards.setValue(s.board().map(DeviceProfile::title).orElse(NO_BOARD));
        weights.setText(beside(cost.weightBytes(), s.board().map(DeviceProfile::flashBytes), "flash"));
        peak.setText(beside(cost.peakActivationBytes(), s.board().map(DeviceProfile::ramBytes), "RAM"));
        over(weights, s.board().filter(b -> cost.weightBytes() > b.flashBytes()).isPresent());
        over(
                peak,
                s.board().filter(b -> cost.peakActivationBytes() > b.ramBytes()).isPresent());
        macs.setText(Figures.rounded(cost.macs()) + " · " + inIntegers(cost));
        bitOperations.setText(Figures.rounded(cost.bitOperations()));
        moved.setText(Figures.bytes(cost.bytesMoved()));
        energy.setText(String.format(Locale.ROOT, "≈ %.3g µJ", cost.picojoules() / 1e6));
        operators.getChildren().clear();
        operators.addRow(0, head("operator"), head("holds"), head("multiplies"));
        List<DeviceCost.Layer> most = cost.layers().stream()
                .sorted(Comparator.comparingLong(DeviceCost.Layer::heldBytes).reversed())
                .limit(SHOWN)
                .toList();
        for (DeviceCost.Layer layer : most) {
            Label name = new Label(shortName(layer));
            name.setMinWidth(0);
            name.setTooltip(new Tooltip(Invisible.escaped(layer.name())));
            operators.addRow(
                    operators.getRowCount(),
                    name,
                    number(Figures.bytes(layer.heldBytes())),
                    number(
                            layer.macs() == 0
                                    ? Figures.NONE
                                    : Figures.rounded(layer.macs()) + (layer.integer() ? " int" : " float")));
        }
        measure.setDisable(s.measuring());
        measure.setText(s.measuring() ? "Measuring…" : "Measure here");
        said.setText(s.speed().map(DeviceView::said).orElse(""));
        said.setManaged(s.speed().isPresent());
        hint(String.join(" ", cost.notes()));
    }

    private static String inIntegers(DeviceCost cost) {
        return cost.integerMacs() == 0
                ? "all float"
                : cost.integerMacs() == cost.macs()
                        ? "all integer"
                        : Figures.percent(cost.integerMacs() / cost.macs()) + " integer";
    }

    private static String said(MeasuredSpeed speed) {
        return speed.sentence()
                + String.format(
                        Locale.ROOT,
                        " Float %.3g ms (%.3g to %.3g), exported %.3g ms (%.3g to %.3g); %d runs of each in turn, %s,"
                                + " %s. ",
                        speed.ofFloat().median(),
                        speed.ofFloat().low(),
                        speed.ofFloat().high(),
                        speed.quantized().median(),
                        speed.quantized().low(),
                        speed.quantized().high(),
                        speed.runs(),
                        speed.runtime(),
                        speed.processor())
                + String.join(" ", speed.remarks());
    }

    private static String beside(long bytes, Optional<Long> most, String of) {
        return Figures.bytes(bytes)
                + most.map(m -> " · " + Figures.percent((double) bytes / m) + " of " + of)
                        .orElse("");
    }

    private static void over(Label label, boolean over) {
        label.getStyleClass().remove("loss");
        if (over) {
            label.getStyleClass().add("loss");
        }
    }

    /** The kind of operator, and the last parts of its name unless they say no more. */
    private static String shortName(DeviceCost.Layer layer) {
        String[] parts = layer.name().split("/", -1);
        String last = parts[parts.length - 1];
        String name = last.startsWith(layer.opType()) && parts.length > 2 ? parts[parts.length - 2] : last;
        return Invisible.escaped(name.startsWith(layer.opType()) ? name : layer.opType() + " " + name);
    }

    private static Label head(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("muted");
        return label;
    }

    private static Label number(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("number");
        label.setMinWidth(USE_PREF_SIZE);
        return label;
    }
}
