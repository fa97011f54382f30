package org.quantscope.app.ui;

import javafx.scene.layout.Region;
import javafx.scene.shape.Rectangle;

/** A bar in two colours, or one that is filled up to a share of its width. */
public final class SplitBar extends Region {
    private static final double HEIGHT = 8;

    private final Region first = new Region();
    private final Region second = new Region();
    private double share;

    /**
     * @param firstStyle style class of the left part
     * @param secondStyle style class of the right part; empty to show the background there
     */
    public SplitBar(String firstStyle, String secondStyle) {
        getStyleClass().add("split-bar");
        first.getStyleClass().add(firstStyle);
        if (!secondStyle.isEmpty()) {
            second.getStyleClass().add(secondStyle);
        }
        first.setManaged(false);
        second.setManaged(false);
        Rectangle clip = new Rectangle();
        clip.widthProperty().bind(widthProperty());
        clip.heightProperty().bind(heightProperty());
        clip.setArcWidth(HEIGHT);
        clip.setArcHeight(HEIGHT);
        setClip(clip);
        getChildren().addAll(second, first);
        setMaxWidth(Double.MAX_VALUE);
    }

    /** @param share width of the left part as a fraction, 0 to 1 */
    public void setShare(double share) {
        this.share = Math.clamp(share, 0, 1);
        // Of its parts only: a share does not change how much room it needs.
        setNeedsLayout(true);
    }

    @Override
    protected void layoutChildren() {
        double at = Math.rint(getWidth() * share);
        // The second lies behind the first: a part that is moved would have the parents laid out anew.
        first.resize(at, getHeight());
        second.resize(getWidth(), getHeight());
    }
}
