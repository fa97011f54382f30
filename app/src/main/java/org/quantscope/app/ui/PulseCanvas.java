package org.quantscope.app.ui;

import java.util.function.Consumer;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;

/** A canvas in a region that lays it out by {@link #fit}; painted at most once a pulse, however often it is touched. */
public final class PulseCanvas extends Canvas {
    private final Consumer<GraphicsContext> paint;
    private final OncePerPulse painting = new OncePerPulse(this, this::paintNow);

    /** @param paint paints on what is empty; never called while there is less than a pixel to paint on */
    public PulseCanvas(Consumer<GraphicsContext> paint) {
        this.paint = paint;
        setManaged(false);
        setMouseTransparent(true);
    }

    /** Asks for a new picture before the next frame. */
    public void touch() {
        painting.touch();
    }

    /** Takes another size, in whole pixels, and paints now if a picture is due. */
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
