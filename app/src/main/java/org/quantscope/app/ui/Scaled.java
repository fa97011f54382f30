package org.quantscope.app.ui;

import javafx.beans.property.DoubleProperty;
import javafx.beans.property.SimpleDoubleProperty;
import javafx.scene.layout.Region;
import javafx.scene.transform.Scale;

/** The root of a window that shows its content larger; the content is laid out in a window that is as much smaller. */
public final class Scaled extends Region {
    private final Region content;
    private final Scale transform = new Scale(1, 1, 0, 0);
    private final DoubleProperty scale = new SimpleDoubleProperty(this, "scale", 1);

    public Scaled(Region content) {
        this.content = content;
        content.getTransforms().add(transform);
        getChildren().add(content);
        scale.subscribe(s -> {
            transform.setX(s.doubleValue());
            transform.setY(s.doubleValue());
            requestLayout();
        });
    }

    /** 1 is as designed. */
    public DoubleProperty scaleProperty() {
        return scale;
    }

    @Override
    protected double computeMinWidth(double height) {
        return scale.get() * content.minWidth(height < 0 ? height : height / scale.get());
    }

    @Override
    protected double computeMinHeight(double width) {
        return scale.get() * content.minHeight(width < 0 ? width : width / scale.get());
    }

    @Override
    protected double computePrefWidth(double height) {
        return scale.get() * content.prefWidth(height < 0 ? height : height / scale.get());
    }

    @Override
    protected double computePrefHeight(double width) {
        return scale.get() * content.prefHeight(width < 0 ? width : width / scale.get());
    }

    @Override
    protected void layoutChildren() {
        content.resizeRelocate(0, 0, getWidth() / scale.get(), getHeight() / scale.get());
    }
}
