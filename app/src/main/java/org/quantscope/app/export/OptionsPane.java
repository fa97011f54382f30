package org.quantscope.app.export;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Control;
import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.quant.OptionDoc;

/** The options of a format, each with a control that suits its type. */
final class OptionsPane extends FlowPane {
    private static final double GAP = 8;
    private static final double FIELD_WIDTH = 150;
    private static final double TIP_WIDTH = 372;

    private final BiConsumer<String, String> onSet;
    private @Nullable Exporter of;
    private boolean filling;

    /** @param onSet called with the name of an option and its value */
    OptionsPane(BiConsumer<String, String> onSet) {
        super(GAP * 2, GAP);
        this.onSet = onSet;
        setId("export-options");
        getStyleClass().add("export-options");
        setAlignment(Pos.CENTER_LEFT);
        managedProperty().bind(visibleProperty());
        setMinHeight(Region.USE_PREF_SIZE);
    }

    /** Shows the options of a format with their values, unless they are shown already. */
    void show(Optional<Exporter> format, Map<String, String> values) {
        Exporter exporter = format.orElse(null);
        if (exporter == null || exporter.equals(of)) {
            return;
        }
        of = exporter;
        List<Node> controls = new ArrayList<>();
        filling = true;
        for (OptionDoc option : exporter.options()) {
            controls.add(option(option, values));
        }
        filling = false;
        getChildren().setAll(controls);
        setVisible(!controls.isEmpty());
    }

    private Node option(OptionDoc option, Map<String, String> values) {
        String value = values.getOrDefault(option.name(), option.defaultValue());
        Node control;
        if (option.type().startsWith("choice:")) {
            ComboBox<String> choice = new ComboBox<>();
            choice.getItems().setAll(option.type().substring("choice:".length()).split("\\|"));
            choice.setValue(value);
            choice.valueProperty().subscribe(x -> set(option, choice.getValue()));
            control = choice;
        } else if (option.type().equals("bool")) {
            CheckBox check = new CheckBox();
            check.setSelected(Boolean.parseBoolean(value));
            check.selectedProperty().subscribe(on -> set(option, Boolean.toString(on)));
            control = check;
        } else {
            TextField field = new TextField(value);
            field.setPrefWidth(FIELD_WIDTH);
            field.textProperty().subscribe(text -> set(option, text.strip()));
            control = field;
        }
        control.setId("export-option-" + option.name());
        Label name = new Label(option.name().replace('_', ' '));
        name.getStyleClass().add("muted");
        name.setLabelFor(control);
        Tooltip tip = new Tooltip(option.doc());
        tip.setWrapText(true);
        tip.setMaxWidth(TIP_WIDTH);
        name.setTooltip(tip);
        if (control instanceof Control c) {
            c.setTooltip(tip);
        }
        control.setAccessibleText(option.name());
        control.setAccessibleHelp(option.doc());
        HBox row = new HBox(GAP, name, control);
        row.setAlignment(Pos.CENTER_LEFT);
        return row;
    }

    private void set(OptionDoc option, @Nullable String value) {
        if (value != null && !filling) {
            onSet.accept(option.name(), value);
        }
    }
}
