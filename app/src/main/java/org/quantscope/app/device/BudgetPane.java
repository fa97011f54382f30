package org.quantscope.app.device;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javafx.css.PseudoClass;
import javafx.geometry.HPos;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import org.quantscope.app.ui.NumberField;

/** The limits that a person sets, with the value in hand beside each; a limit that is not kept is red. */
final class BudgetPane extends GridPane {
    private static final PseudoClass BROKEN = PseudoClass.getPseudoClass("broken");
    private static final double FIELD_WIDTH = 84;
    private static final double GAP = 8;
    private static final double LINE = 3;

    /** Longer reasons wrap. */
    private static final double WHY_WIDTH = 150;

    private final Map<Limit, NumberField> fields = new EnumMap<>(Limit.class);
    private final Map<Limit, Label> inHand = new EnumMap<>(Limit.class);
    private final Label refusal = new Label();
    private List<BudgetLine> shown = List.of();

    BudgetPane(DeviceViewModel model) {
        setId("device-budget");
        setHgap(GAP);
        setVgap(LINE);
        ColumnConstraints name = new ColumnConstraints();
        name.setMinWidth(USE_PREF_SIZE);
        ColumnConstraints field = new ColumnConstraints();
        field.setMinWidth(USE_PREF_SIZE);
        ColumnConstraints value = new ColumnConstraints();
        value.setHalignment(HPos.RIGHT);
        value.setMaxWidth(WHY_WIDTH);
        getColumnConstraints().addAll(name, field, value);
        addRow(0, muted("device budget"), muted("limit"), muted("in hand"));
        for (Limit limit : Limit.values()) {
            String bound = (limit.isAtMost() ? "at most" : "at least");
            NumberField typed = new NumberField("limit-" + limit.id(), FIELD_WIDTH);
            typed.setAccessibleText("budget: " + limit.title() + " " + bound);
            typed.setPromptText("none");
            typed.setTooltip(new Tooltip("Limit of " + limit.title() + ", " + bound + ": " + limit.unit()
                    + "; empty for no limit. Saved with the session and checked by quantscope eval --config."));
            typed.onTyped(text -> model.setLimit(limit, text), () -> restore(limit));
            Label label = muted(limit.title() + (limit.isAtMost() ? " ≤" : " ≥"));
            label.setMinWidth(USE_PREF_SIZE);
            label.setLabelFor(typed);
            Label now = new Label();
            now.setId("limit-" + limit.id() + "-in-hand");
            now.getStyleClass().add("number");
            now.setWrapText(true);
            fields.put(limit, typed);
            inHand.put(limit, now);
            addRow(getRowCount(), label, typed, now);
        }
        refusal.setId("limit-refused");
        refusal.getStyleClass().add("loss");
        refusal.setWrapText(true);
        refusal.setManaged(false);
        add(refusal, 0, getRowCount(), 3, 1);
    }

    private static Label muted(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("muted");
        return label;
    }

    private void restore(Limit limit) {
        shown.stream()
                .filter(line -> line.limit() == limit)
                .forEach(line -> Objects.requireNonNull(fields.get(limit)).show(line.typed()));
    }

    void show(List<BudgetLine> lines, String refused) {
        shown = lines;
        for (BudgetLine line : lines) {
            boolean broken = line.state() == BudgetLine.State.BROKEN || line.state() == BudgetLine.State.UNKNOWN;
            NumberField field = fields.get(line.limit());
            Label now = inHand.get(line.limit());
            if (field == null || now == null) {
                continue;
            }
            field.show(line.typed());
            field.pseudoClassStateChanged(BROKEN, broken);
            now.setText(line.inHand());
            now.getStyleClass().removeAll("loss", "muted");
            if (broken) {
                now.getStyleClass().add("loss");
            } else if (line.state() == BudgetLine.State.PENDING) {
                now.getStyleClass().add("muted");
            }
            now.setAccessibleText(line.limit().title() + " " + line.inHand() + (broken ? ", limit broken" : ""));
        }
        refusal.setText(refused);
        refusal.setManaged(!refused.isEmpty());
    }
}
