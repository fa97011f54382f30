package org.quantscope.app.window;

import java.util.Optional;
import java.util.function.Consumer;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import org.quantscope.app.explain.ExplainViewModel;
import org.quantscope.app.explain.GlossaryView;
import org.quantscope.app.session.Settings;
import org.quantscope.core.glossary.Term;
import org.quantscope.core.lesson.Lesson;

/** The page of all terms. The main window remains usable. */
final class GlossaryDialog extends Dialog<Void> {
    private static final double WIDTH = 760;
    private static final double HEIGHT = 520;
    private static final double MIN_WIDTH = 560;
    private static final double MIN_HEIGHT = 320;

    private final GlossaryView view;

    GlossaryDialog(ExplainViewModel model, Consumer<Lesson> lessons, Settings settings) {
        setTitle("Glossary");
        initModality(Modality.NONE);
        view = new GlossaryView(model, lessons, this::close);
        getDialogPane().setContent(view);
        getDialogPane().getButtonTypes().add(ButtonType.CLOSE);
        new RememberedSize(settings, "glossary", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        setOnShown(e -> view.focusFilter());
    }

    void choose(Optional<Term> term) {
        term.ifPresent(view::choose);
    }
}
