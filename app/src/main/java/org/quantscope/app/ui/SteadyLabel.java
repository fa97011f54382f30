package org.quantscope.app.ui;

import javafx.scene.control.Label;

/**
 * A label whose text changes many times a second. It keeps the room that it has while the text fits into it, so that a new
 * figure does not lay out the whole window anew; it never shrinks by itself.
 */
public final class SteadyLabel extends Label {
    @Override
    public void requestLayout() {
        if (getSkin() != null && fits()) {
            setNeedsLayout(true);
        } else {
            super.requestLayout();
        }
    }

    private boolean fits() {
        if (isWrapText()) {
            return getWidth() > 0 && computePrefHeight(getWidth()) <= getHeight();
        }
        return getWidth() > 0 && computePrefWidth(-1) <= getWidth() && computePrefHeight(-1) <= getHeight();
    }
}
