package org.quantscope.app.tensors;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.control.OverrunStyle;
import javafx.scene.control.TreeTableCell;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;

/** The cells of the list of tensors. */
final class TensorCells {
    private TensorCells() {}

    /** True if a tensor's SQNR looks good and nothing else is known of it, though the model has lost much accuracy. */
    static boolean isDoubtful(TensorRow row, boolean modelIsBad) {
        return modelIsBad
                && row.setting().spec().isPresent()
                && row.sensitivity().isEmpty()
                && row.level() == ShownSensitivity.Level.GOOD;
    }

    static final class NameCell extends TreeTableCell<TensorLine, TensorLine> {
        private static final double GLYPH_GAP = 8;
        private final Region glyph = new Region();
        private final Label group = new Label();
        private final Function<TensorRow, String> name;
        private final BooleanSupplier doubt;

        /**
         * @param name what to show for a tensor
         * @param doubt true if the model has lost more accuracy than the marks tell
         */
        NameCell(Function<TensorRow, String> name, BooleanSupplier doubt) {
            this.name = name;
            this.doubt = doubt;
            group.setMinWidth(USE_PREF_SIZE);
            group.getStyleClass().add("hint");
            glyph.getStyleClass().add("loss-level");
            setGraphicTextGap(GLYPH_GAP);
            // The start of a name tells the block, its end the operator: both are needed to tell names apart.
            setTextOverrun(OverrunStyle.CENTER_ELLIPSIS);
            setEllipsisString("…");
        }

        @Override
        protected void updateItem(TensorLine line, boolean empty) {
            super.updateItem(line, empty);
            glyph.getStyleClass().removeAll("fair", "bad", "unknown");
            getStyleClass().removeAll("own", "muted");
            if (empty || line == null) {
                setText(null);
                setGraphic(null);
            } else if (line.row().isEmpty()) {
                // The name may cover the empty cells beside it if the column is narrow.
                group.setText(line.group());
                setText(null);
                setGraphic(group);
                getStyleClass().add("muted");
            } else {
                TensorRow row = line.row().get();
                setText(name.apply(row));
                if (row.setting().own()) {
                    getStyleClass().add("own");
                }
                switch (row.level()) {
                    case BAD -> glyph.getStyleClass().add("bad");
                    case FAIR -> glyph.getStyleClass().add("fair");
                    case GOOD -> {
                        if (isDoubtful(row, doubt.getAsBoolean())) {
                            glyph.getStyleClass().add("unknown");
                        }
                    }
                }
                glyph.setVisible(row.setting().spec().isPresent());
                setGraphic(glyph);
            }
        }
    }

    /**
     * The change of the score with this tensor alone quantized. The length of the bar behind it is its share of the
     * largest loss.
     */
    static final class SensitivityCell extends TreeTableCell<TensorLine, TensorLine> {
        private static final double BAR = 16;
        private static final double BAR_HEIGHT = 6;
        private final Region bar = new Region();
        private final HBox track = new HBox(bar);
        private final DoubleSupplier most;

        /** @param most the loss that fills the whole bar */
        SensitivityCell(DoubleSupplier most) {
            this.most = most;
            getStyleClass().add("number");
            bar.getStyleClass().add("loss-bar");
            bar.setMinHeight(BAR_HEIGHT);
            bar.setMaxHeight(BAR_HEIGHT);
            track.setAlignment(Pos.CENTER_LEFT);
            track.setMinWidth(BAR);
            track.setMaxWidth(BAR);
        }

        @Override
        protected void updateItem(TensorLine line, boolean empty) {
            super.updateItem(line, empty);
            bar.getStyleClass().removeAll("fair", "bad");
            getStyleClass().remove("previous");
            Optional<ShownSensitivity> known =
                    empty || line == null ? Optional.empty() : line.row().flatMap(TensorRow::sensitivity);
            if (known.isEmpty() || known.get().loss().isEmpty()) {
                setText(null);
                setGraphic(null);
                return;
            }
            ShownSensitivity d = known.get();
            double loss = d.loss().getAsDouble();
            double whole = most.getAsDouble();
            double share = whole > 0 ? Math.clamp(loss / whole, 0, 1) : 0;
            bar.setMinWidth(share * BAR);
            bar.setMaxWidth(share * BAR);
            switch (d.level().orElse(ShownSensitivity.Level.GOOD)) {
                case BAD -> bar.getStyleClass().add("bad");
                case FAIR -> bar.getStyleClass().add("fair");
                case GOOD -> {}
            }
            if (d.onlyPrevious()) {
                getStyleClass().add("previous");
            }
            setText(d.change());
            setGraphic(track);
        }
    }

    static final class NumberCell extends TreeTableCell<TensorLine, String> {
        NumberCell() {
            getStyleClass().add("number");
        }

        @Override
        protected void updateItem(String text, boolean empty) {
            super.updateItem(text, empty);
            setText(empty ? null : text);
        }
    }
}
