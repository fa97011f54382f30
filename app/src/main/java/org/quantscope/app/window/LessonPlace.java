package org.quantscope.app.window;

import java.util.Map;
import java.util.Set;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.StackPane;
import org.quantscope.app.lesson.LessonView;
import org.quantscope.app.lesson.LessonViewModel;
import org.quantscope.core.lesson.Lesson.Card;

/**
 * The left column: the list of tensors, or the panel of a lesson in its place. While a lesson is going on, the cards that
 * it covers are not visible; they keep their place, and nothing is computed otherwise.
 */
final class LessonPlace extends StackPane {
    private final LessonViewModel model;
    private final TensorPane tensor;
    private final Map<Card, Node> cards;

    LessonPlace(LessonViewModel model, Node list, TensorPane tensor, Node quantizer, Node error, Node accuracy) {
        this.model = model;
        this.tensor = tensor;
        this.cards = Map.of(Card.QUANTIZER, quantizer, Card.ERROR, error, Card.ACCURACY, accuracy);
        LessonView view = new LessonView(model);
        getChildren().addAll(list, view);
        model.viewProperty().subscribe(v -> {
            view.setVisible(v.isPresent());
            list.setVisible(v.isEmpty());
            cover(v.map(LessonViewModel.View::covered).orElse(Set.of()));
        });
    }

    private void cover(Set<Card> covered) {
        cards.forEach((card, node) -> node.setVisible(!covered.contains(card)));
        tensor.cover(covered);
    }

    /** Page Down goes on and Page Up goes back, for presenters, wherever the keyboard is. */
    void installKeys(Scene scene) {
        scene.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (model.viewProperty().get().isEmpty()) {
                return;
            }
            if (e.getCode() == KeyCode.PAGE_DOWN) {
                model.next();
                e.consume();
            } else if (e.getCode() == KeyCode.PAGE_UP) {
                model.back();
                e.consume();
            }
        });
    }
}
