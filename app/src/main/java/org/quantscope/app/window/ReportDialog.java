package org.quantscope.app.window;

import javafx.event.ActionEvent;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.stage.Modality;
import org.quantscope.app.report.ReportView;
import org.quantscope.app.report.ReportViewModel;
import org.quantscope.app.session.Settings;

/** The dialog that writes a report. The main window remains usable. */
final class ReportDialog extends Dialog<Void> {
    private static final double WIDTH = 760;
    private static final double HEIGHT = 300;
    private static final double MIN_WIDTH = 560;
    private static final double MIN_HEIGHT = 260;

    ReportDialog(ReportViewModel model, Settings settings, ReportView.Places places) {
        setTitle("Report");
        initModality(Modality.NONE);
        ReportView view = new ReportView(model, places);
        getDialogPane().setContent(view);
        new RememberedSize(settings, "report", WIDTH, HEIGHT).giveTo(this, MIN_WIDTH, MIN_HEIGHT);
        ButtonType write = new ButtonType("_Write", ButtonBar.ButtonData.OK_DONE);
        getDialogPane().getButtonTypes().addAll(write, ButtonType.CLOSE);
        Button button = (Button) getDialogPane().lookupButton(write);
        button.setId("report-write");
        button.addEventFilter(ActionEvent.ACTION, e -> {
            // The dialog stays: it shows how far the report is, and then where it lies.
            e.consume();
            view.write();
        });
        button.disableProperty().bind(view.readyProperty().not());
        setOnShown(e -> view.focusFirst());
        setOnHidden(e -> view.close());
    }
}
