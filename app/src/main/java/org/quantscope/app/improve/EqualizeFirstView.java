package org.quantscope.app.improve;

import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.VBox;
import org.quantscope.core.improve.EqualizationOffer;

/** A sentence that says what equalization would bring, with a button for it. Takes no space if there is nothing to say. */
public final class EqualizeFirstView extends VBox {
    private static final double GAP = 4;

    /** @param onEqualize equalizes the model */
    public EqualizeFirstView(EqualizeFirst model, Runnable onEqualize) {
        super(GAP);
        Label said = new Label();
        said.setId("equalize-first");
        said.getStyleClass().add("hint");
        said.setWrapText(true);
        said.setMinHeight(USE_PREF_SIZE);
        Button button = new Button("Equalize first");
        button.setId("equalize-first-now");
        button.setTooltip(new Tooltip("Makes the ranges of channels between layers equal, as one undo step; the float"
                + " model computes the same"));
        button.setOnAction(e -> onEqualize.run());
        getChildren().addAll(said, button);
        model.offerProperty().subscribe(offer -> {
            said.setText(offer.map(EqualizationOffer::said).orElse(""));
            setVisible(offer.isPresent());
            setManaged(offer.isPresent());
        });
    }
}
