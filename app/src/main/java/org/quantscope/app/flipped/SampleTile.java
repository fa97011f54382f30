package org.quantscope.app.flipped;

import java.util.Optional;
import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.image.ImageView;
import javafx.scene.layout.StackPane;
import org.quantscope.app.ui.SteadyLabel;

/** A sample as a square picture, or its number if it is no picture. */
final class SampleTile extends StackPane {
    private final ImageView picture = new ImageView();
    private final Label number = new SteadyLabel();
    private final Thumbnails.Asker asker;

    /** @param side side of the square in pixels */
    SampleTile(Thumbnails thumbnails, double side) {
        this.asker = thumbnails.asker(image -> {
            picture.setImage(image.orElse(null));
            number.setVisible(image.isEmpty());
        });
        getStyleClass().add("sample-tile");
        setMinSize(side, side);
        setMaxSize(side, side);
        setAlignment(Pos.CENTER);
        picture.setFitWidth(side - 4);
        picture.setFitHeight(side - 4);
        picture.setPreserveRatio(true);
        picture.setSmooth(false);
        number.getStyleClass().addAll("number", "muted");
        getChildren().addAll(number, picture);
    }

    /** Shows a sample's text in the place of its number. */
    void setWords(Optional<String> words) {
        words.ifPresent(text -> {
            number.setText(text);
            number.setWrapText(true);
        });
    }

    void show(FlippedViewModel model, int sample) {
        picture.setImage(null);
        number.setText(Integer.toString(sample));
        number.setVisible(true);
        model.data().ifPresent(data -> asker.ask(data, sample));
    }
}
