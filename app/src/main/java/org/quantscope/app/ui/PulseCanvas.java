package org.quantscope.app.ui;

import java.util.function.Consumer;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;

/**
 * A canvas that its parent sizes with {@link #fit}. It is painted at most once per pulse, however often it is touched.
 */
public final class PulseCanvas extends Canvas {
    private final Consumer<GraphicsContext> paint;
    private final OncePerPulse painting = new OncePerPulse(this, this::paintNow);

    /** @param paint paints on an empty canvas; not called while the canvas is smaller than one pixel */
    public PulseCanvas(Consumer<GraphicsContext> paint) {
        this.paint = paint;
        setManaged(false);
        setMouseTransparent(true);
    }

    /** Requests that the canvas is painted before the next frame. */
    public void touch() {
        painting.touch();
    }

    /** Sets the size, rounded to whole pixels, and paints at once if the canvas was touched or resized. */
    public void fit(double width, double height) {
        double w = Math.floor(width);
        double h = Math.floor(height);
        if (w != getWidth() || h != getHeight()) {
            setWidth(w);
            setHeight(h);
            touch();
        }
        painting.settle();
    }

    private void paintNow() {
        if (getWidth() >= 1 && getHeight() >= 1) {
            GraphicsContext g = getGraphicsContext2D();
            g.clearRect(0, 0, getWidth(), getHeight());
            paint.accept(g);
        }
    }
}
