package org.quantscope.app.flipped;

import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.image.ImageView;
import javafx.scene.layout.StackPane;
import org.jspecify.annotations.Nullable;

/** A sample as a picture in a square, or its number where it is none. */
final class SampleTile extends StackPane {
    private final ImageView picture = new ImageView();
    private final Label number = new Label();
    private final Thumbnails thumbnails;
    private int sample = -1;

    /** @param side of the square, pixels */
    SampleTile(Thumbnails thumbnails, double side) {
        this.thumbnails = thumbnails;
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

    /** @param of nothing if negative */
    void show(@Nullable FlippedViewModel model, int of) {
        sample = of;
        picture.setImage(null);
        number.setText(of < 0 ? "" : Integer.toString(of));
        if (model != null && of >= 0) {
            model.data().ifPresent(data -> thumbnails.get(data, of, image -> {
                if (sample == of) {
                    picture.setImage(image.orElse(null));
                    number.setVisible(image.isEmpty());
                }
            }));
        }
    }
}
