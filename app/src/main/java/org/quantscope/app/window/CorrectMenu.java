package org.quantscope.app.window;

import java.util.List;
import java.util.Optional;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.SeparatorMenuItem;
import javafx.scene.control.Tooltip;
import org.quantscope.app.ApplicationContext;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.correction.TrainedCorrection;

/**
 * The menu of corrections: changes of the float weights that make quantization hurt less. For one that cannot be
 * applied it says why.
 */
final class CorrectMenu extends MenuButton {
    /**
     * @param compare opens the dialog with what each would bring
     * @param train opens the dialog of the correction that trains
     */
    CorrectMenu(ApplicationContext context, Runnable compare, Runnable train) {
        super("Correct");
        setId("correct");
        setTooltip(new Tooltip("Change the float weights so that quantization hurts less"));
        MenuItem remove = Toolbar.item("", null, context.corrections()::removeLast);
        remove.setId("correct-remove");
        Runnable refresh = () -> {
            for (MenuItem item : getItems()) {
                if (item.getUserData() instanceof Correction c) {
                    Optional<String> refusal =
                            context.bench().stateProperty().get().isEmpty()
                                    ? Optional.of("no model is open")
                                    : context.corrections().refusal(c);
                    item.setDisable(refusal.isPresent());
                    item.setText(c.title()
                            + (c instanceof TrainedCorrection ? "…" : "")
                            + refusal.map(why -> " – " + why).orElse(""));
                }
            }
            List<String> applied = context.corrections().viewProperty().get().titles();
            remove.setVisible(!applied.isEmpty());
            remove.setText(applied.isEmpty() ? "" : "Remove " + applied.getLast());
        };
        for (Correction c : Corrections.all()) {
            MenuItem item = Toolbar.item(
                    c.title(),
                    null,
                    c instanceof TrainedCorrection
                            ? train
                            : () -> context.corrections().apply(c));
            item.setId("correct-" + c.id());
            item.setUserData(c);
            getItems().add(item);
        }
        MenuItem expected = Toolbar.item("What each would bring…", null, compare);
        expected.setId("correct-expected");
        getItems().addAll(new SeparatorMenuItem(), expected, remove);
        setOnShowing(e -> {
            context.corrections().ask();
            refresh.run();
        });
        context.corrections().unavailableProperty().subscribe(x -> refresh.run());
        context.corrections().viewProperty().subscribe(x -> refresh.run());
    }
}
