package org.quantscope.app.window;

import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import org.quantscope.app.session.Settings;
import org.quantscope.app.synthetic.SyntheticView;
import org.quantscope.app.synthetic.SyntheticViewModel;
import org.quantscope.app.ui.Palette;

/** The dialog for a synthetic tensor; its result is true if it is to be opened. */
final class SyntheticDialog extends Dialog<Boolean> {
    private static final double WIDTH = 900;
    private static final double HEIGHT = 520;
    private static final double MIN_WIDTH = 760;
    private static final double MIN_HEIGHT = 440;

    SyntheticDialog(SyntheticViewModel model, Settings settings, ObservableValue<Palette> palette) {
        setTitle("Synthetic tensor");
        SyntheticView view = new SyntheticView(model, palette);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "synthetic", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        setOnShown(e -> view.focusFirst());
        ButtonType open = new ButtonType("_Open it", ButtonBar.ButtonData.OK_DONE);
        getDialogPane().getButtonTypes().addAll(open, ButtonType.CANCEL);
        Node button = getDialogPane().lookupButton(open);
        button.setId("synthetic-open");
        setOnHidden(e -> view.close());
        setResultConverter(pressed -> pressed == open);
    }
}
