package org.quantscope.app.window;

import java.util.Objects;
import javafx.event.ActionEvent;
import javafx.scene.Node;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import org.quantscope.app.accuracy.BudgetState;
import org.quantscope.app.accuracy.BudgetView;
import org.quantscope.app.accuracy.BudgetViewModel;
import org.quantscope.app.session.Settings;

/** The dialog for a bit budget. The main window remains usable, and the dialog stays open while bits are applied. */
final class BudgetDialog extends Dialog<Void> {
    private static final double WIDTH = 900;
    private static final double HEIGHT = 700;
    private static final double MIN_WIDTH = 760;
    private static final double MIN_HEIGHT = 560;

    /** @param chooseData lets a person choose calibration data */
    BudgetDialog(BudgetViewModel model, Settings settings, Runnable chooseData) {
        setTitle("Mixed precision");
        initModality(Modality.NONE);
        BudgetView view = new BudgetView(model, chooseData);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "budget", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        ButtonType apply = new ButtonType("_Apply", ButtonBar.ButtonData.APPLY);
        getDialogPane().getButtonTypes().addAll(apply, ButtonType.CLOSE);
        Node button = Objects.requireNonNull(getDialogPane().lookupButton(apply));
        button.setId("budget-apply");
        button.addEventFilter(ActionEvent.ACTION, e -> {
            model.apply();
            e.consume();
        });
        var watching = model.viewProperty().subscribe(v -> button.setDisable(!mayApply(v)));
        setOnShown(e -> view.focusFirst());
        setOnHidden(e -> watching.unsubscribe());
    }

    private static boolean mayApply(BudgetState state) {
        return state.isOpen() && !state.busy() && !(state.applied() && state.settled());
    }
}
