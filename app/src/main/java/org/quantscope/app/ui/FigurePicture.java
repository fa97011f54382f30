package org.quantscope.app.ui;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import javafx.geometry.VPos;
import javafx.scene.SnapshotParameters;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.image.Image;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import javafx.scene.paint.Color;
import javafx.scene.text.TextAlignment;
import javafx.scene.transform.Transform;
import javax.imageio.ImageIO;
import org.quantscope.core.plot.Drawing;
import org.quantscope.core.plot.Drawing.Box;
import org.quantscope.core.plot.Drawing.Dot;
import org.quantscope.core.plot.Drawing.Shape;
import org.quantscope.core.plot.Drawing.Stroke;
import org.quantscope.core.plot.Drawing.Words;
import org.quantscope.core.plot.Ink;
import org.quantscope.core.plot.Plot;

/** Figures as a picture on a light ground, laid out as in every other form of them. */
public final class FigurePicture {
    private static final double WIDTH = 640;
    private static final double HEIGHT = 260;
    private static final double TITLE = 22;
    private static final double TITLE_SIZE = 13;
    private static final double LEFT = 8;
    private static final double DASH = 5;
    private static final double GAP = 3;
    /** Pixels for each point of the layout. */
    private static final double SHARP = 2;

    private FigurePicture() {}

    /** Figures one below the other, each under its title. On the FX thread. */
    public static Image of(List<Plot> figures) {
        Canvas canvas = new Canvas(WIDTH, figures.size() * (HEIGHT + TITLE));
        GraphicsContext g = canvas.getGraphicsContext2D();
        g.setFill(Color.WHITE);
        g.fillRect(0, 0, canvas.getWidth(), canvas.getHeight());
        for (Plot plot : figures) {
            paint(g, new Words(Ink.TEXT, LEFT, TITLE - 4, TITLE_SIZE, Drawing.Anchor.START, false, plot.title()));
            g.translate(0, TITLE);
            Drawing.of(plot, WIDTH, HEIGHT).shapes().forEach(shape -> paint(g, shape));
            g.translate(0, HEIGHT);
        }
        SnapshotParameters sharp = new SnapshotParameters();
        sharp.setTransform(Transform.scale(SHARP, SHARP));
        return canvas.snapshot(
                sharp, new WritableImage((int) (SHARP * canvas.getWidth()), (int) (SHARP * canvas.getHeight())));
    }

    private static void paint(GraphicsContext g, Shape shape) {
        Color colour = Color.web(shape.ink().light());
        g.setFill(colour);
        g.setStroke(colour);
        switch (shape) {
            case Stroke s -> {
                g.setLineWidth(s.width());
                g.setLineDashes(s.dashed() ? new double[] {DASH, GAP} : new double[0]);
                g.strokePolyline(
                        s.spots().stream().mapToDouble(Plot.Spot::x).toArray(),
                        s.spots().stream().mapToDouble(Plot.Spot::y).toArray(),
                        s.spots().size());
            }
            case Box b -> g.fillRect(b.x(), b.y(), b.width(), b.height());
            case Dot d -> g.fillOval(d.x() - d.radius(), d.y() - d.radius(), 2 * d.radius(), 2 * d.radius());
            case Words w -> words(g, w);
        }
    }

    private static void words(GraphicsContext g, Words w) {
        g.save();
        g.setFont(Fonts.sans(w.size()));
        g.setTextBaseline(VPos.BASELINE);
        g.setTextAlign(
                switch (w.anchor()) {
                    case START -> TextAlignment.LEFT;
                    case MIDDLE -> TextAlignment.CENTER;
                    case END -> TextAlignment.RIGHT;
                });
        g.translate(w.x(), w.y());
        if (w.upright()) {
            g.rotate(-90);
        }
        g.fillText(w.text(), 0, 0);
        g.restore();
    }

    /** Writes an opaque PNG. */
    public static void writePng(Image image, OutputStream out) throws IOException {
        if (!ImageIO.write(picture(image), "png", out)) {
            throw new IOException("no writer for PNG");
        }
    }

    /** The same pixels for Java 2D, without transparency. */
    public static BufferedImage picture(Image image) {
        int w = (int) image.getWidth();
        int h = (int) image.getHeight();
        int[] pixels = new int[w * h];
        image.getPixelReader().getPixels(0, 0, w, h, PixelFormat.getIntArgbInstance(), pixels, 0, w);
        BufferedImage out = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
        out.setRGB(0, 0, w, h, pixels, 0, w);
        return out;
    }
}
