package org.quantscope.app.window;

import java.util.Map;
import java.util.Set;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.StackPane;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.lesson.LessonView;
import org.quantscope.app.lesson.LessonViewModel;
import org.quantscope.app.lesson.LessonViewModel.Phase;
import org.quantscope.app.ui.Cover;
import org.quantscope.core.lesson.Lesson.Card;

/**
 * The left column: the list of tensors, or the panel of a lesson in its place. While a lesson is going on, the cards that
 * it covers are not visible, and those that it does not need are pale; they keep their place, and nothing is computed
 * otherwise.
 */
final class LessonPlace extends StackPane {
    private final LessonViewModel model;
    private final TensorPane tensor;
    private final Map<Card, Cover> cards;
    private final LessonView view;

    /**
     * @param cards those beside the middle that a lesson may cover
     * @param writeSheet writes the sheet to hand in
     */
    LessonPlace(LessonViewModel model, Node list, TensorPane tensor, Map<Card, Cover> cards, Runnable writeSheet) {
        this.model = model;
        this.tensor = tensor;
        this.cards = cards;
        view = new LessonView(model, writeSheet);
        getChildren().addAll(list, view);
        model.viewProperty().subscribe(v -> {
            view.setVisible(v.isPresent());
            list.setVisible(v.isEmpty());
            cover(v.map(LessonViewModel.View::covered).orElse(Set.of()));
            fade(v.map(LessonViewModel.View::faded).orElse(Set.of()));
        });
    }

    private void cover(Set<Card> covered) {
        cards.forEach((card, node) -> node.setCovered(covered.contains(card)));
        tensor.cover(covered);
    }

    private void fade(Set<Card> faded) {
        cards.forEach((card, node) -> node.setFaded(faded.contains(card)));
        tensor.fade(faded);
    }

    /**
     * True if Enter on this node gives the answer: in the lesson, but not on a button that does something else, and on a
     * handle of the range. The arrows of an order are pressed by Space.
     */
    private boolean answers(@Nullable Node focused) {
        return model.viewProperty().get().filter(v -> v.phase() == Phase.ASKING).isPresent()
                && focused != null
                && ((view.hasKeyboard() && (!(focused instanceof Button) || view.isOfAnswer(focused)))
                        || String.valueOf(focused.getId()).startsWith("handle-"));
    }

    /**
     * Page Down goes on and Page Up goes back, for presenters, wherever the keyboard is; F6 changes between the lesson and
     * the upper handle of the range.
     */
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
            } else if (e.getCode() == KeyCode.ENTER && answers(scene.getFocusOwner())) {
                view.answer();
                e.consume();
            } else if (e.getCode() == KeyCode.F6) {
                if (view.hasKeyboard()) {
                    tensor.focusHandle();
                } else {
                    view.focusFirst();
                }
                e.consume();
            }
        });
    }
}
