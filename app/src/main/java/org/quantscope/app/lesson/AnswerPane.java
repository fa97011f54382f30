package org.quantscope.app.lesson;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.RadioButton;
import javafx.scene.control.TextField;
import javafx.scene.control.ToggleGroup;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.lesson.Lesson.Answer;
import org.quantscope.core.lesson.Lesson.Item;
import org.quantscope.core.lesson.Lesson.Prediction;

/** The controls to answer one prediction with. */
final class AnswerPane extends VBox {
    private static final double GAP = 8;

    private final Supplier<Optional<Answer>> answer;
    private final List<Node> controls = new ArrayList<>();

    /** @param handle gives the upper end of the range, for a handle to place */
    AnswerPane(Prediction prediction, Supplier<Optional<Answer>> handle) {
        super(GAP);
        answer = switch (prediction) {
            case Prediction.Choose choose ->
                choice(choose.options().stream().map(o -> o.text()).toList());
            case Prediction.Estimate estimate
            when estimate.byHandle() -> {
                getChildren()
                        .add(wrapped(
                                "Drag the upper handle in the histogram, or go to it with F6 and move it with the arrow"
                                        + " keys. Then say that this is your answer."));
                yield handle;
            }
            case Prediction.Estimate estimate ->
                number(
                        estimate.unit().isEmpty()
                                ? estimate.tolerance().toString()
                                : estimate.unit() + "  (" + estimate.tolerance() + ")");
            case Prediction.Sort sort ->
                order(sort.items().stream().map(Item::text).toList());
            case Prediction.TypeBits _ -> bits();
        };
    }

    /** The answer as it stands; empty if it is not complete. */
    Optional<Answer> answer() {
        return answer.get();
    }

    /** Puts the keyboard on the first control; false if there is none. */
    boolean focusFirst() {
        controls.stream().findFirst().ifPresent(Node::requestFocus);
        return !controls.isEmpty();
    }

    private Supplier<Optional<Answer>> choice(List<String> texts) {
        ToggleGroup group = new ToggleGroup();
        List<RadioButton> buttons = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            RadioButton button = new RadioButton(texts.get(i));
            button.setId("lesson-choice-" + (i + 1));
            button.setMnemonicParsing(false);
            button.setWrapText(true);
            button.setToggleGroup(group);
            buttons.add(button);
        }
        getChildren().addAll(buttons);
        controls.addAll(buttons);
        return () -> {
            int index = buttons.indexOf(group.getSelectedToggle());
            return index < 0 ? Optional.empty() : Optional.of(new Answer.Chosen(index));
        };
    }

    private Supplier<Optional<Answer>> number(String unit) {
        TextField field = new TextField();
        field.setId("lesson-number");
        field.setAccessibleText("Your number, in " + unit);
        field.setPrefColumnCount(8);
        Label of = wrapped(unit);
        HBox line = new HBox(GAP, field, of);
        line.setAlignment(Pos.CENTER_LEFT);
        getChildren().add(line);
        controls.add(field);
        return () -> {
            OptionalDouble value = Figures.parse(field.getText());
            return value.isPresent() ? Optional.of(new Answer.Figure(value.getAsDouble())) : Optional.empty();
        };
    }

    private Supplier<Optional<Answer>> bits() {
        TextField field = new TextField();
        field.setId("lesson-bits");
        field.getStyleClass().add("number");
        field.setAccessibleText("The bits, most significant first");
        field.setPromptText("0 and 1");
        field.setPrefColumnCount(10);
        field.setMaxWidth(USE_PREF_SIZE);
        getChildren().add(field);
        controls.add(field);
        return () -> {
            String typed = field.getText().replace(" ", "");
            return typed.matches("[01]+") ? Optional.of(new Answer.Bits(typed)) : Optional.empty();
        };
    }

    private Supplier<Optional<Answer>> order(List<String> texts) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            order.add(i);
        }
        VBox lines = new VBox(GAP / 2);
        getChildren().add(lines);
        showOrder(lines, texts, order, -1);
        return () -> Optional.of(new Answer.Order(order));
    }

    /** @param focus the place whose button has the keyboard; −1 for none */
    private void showOrder(VBox lines, List<String> texts, List<Integer> order, int focus) {
        lines.getChildren().clear();
        controls.clear();
        for (int place = 0; place < order.size(); place++) {
            int at = place;
            String text = texts.get(order.get(place));
            Label name = wrapped(String.format(Locale.ROOT, "%d  %s", place + 1, text));
            HBox.setHgrow(name, Priority.ALWAYS);
            name.setMaxWidth(Double.MAX_VALUE);
            Button up = arrow("▲", "Move up: " + text, "lesson-up-" + (place + 1));
            up.setDisable(place == 0);
            up.setOnAction(e -> move(lines, texts, order, at, at - 1));
            Button down = arrow("▼", "Move down: " + text, "lesson-down-" + (place + 1));
            down.setDisable(place == order.size() - 1);
            down.setOnAction(e -> move(lines, texts, order, at, at + 1));
            HBox line = new HBox(GAP, name, up, down);
            line.setAlignment(Pos.CENTER_LEFT);
            lines.getChildren().add(line);
            controls.add(down);
            if (place == focus) {
                (up.isDisabled() ? down : up).requestFocus();
            }
        }
    }

    private void move(VBox lines, List<String> texts, List<Integer> order, int from, int to) {
        Integer moved = order.get(from);
        order.subList(from, from + 1).clear();
        order.add(to, moved);
        showOrder(lines, texts, order, to);
    }

    private static Button arrow(String sign, String says, String id) {
        Button button = new Button(sign);
        button.setId(id);
        button.getStyleClass().add("icon");
        button.setMinWidth(USE_PREF_SIZE);
        button.setAccessibleText(says);
        return button;
    }

    private static Label wrapped(String text) {
        Label label = new Label(text);
        label.setWrapText(true);
        label.setMinHeight(USE_PREF_SIZE);
        return label;
    }
}
