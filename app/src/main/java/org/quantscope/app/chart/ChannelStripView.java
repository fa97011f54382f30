package org.quantscope.app.chart;

import java.util.List;
import java.util.Locale;
import java.util.function.IntConsumer;
import javafx.animation.AnimationTimer;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.control.Tooltip;
import javafx.scene.input.MouseEvent;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import org.quantscope.app.theme.Palette;
import org.quantscope.app.theme.Theme;
import org.quantscope.core.quant.ClipRange;

/**
 * A bar from the smallest to the largest value for each channel, with the clipping range over it. What sticks out of the
 * range has the colour of clipping. Where channels are narrower than pixels, neighbours share a bar.
 */
public final class ChannelStripView extends Region {
    private static final double LEFT = 52;
    private static final double RIGHT = 12;
    private static final double MARGIN = 4;
    private static final double WIDEST = 18;

    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>(this, "palette", Theme.DARK.palette());
    private final Canvas canvas = new Canvas();
    private final Tooltip tip = new Tooltip();
    private List<ClipRange> channels = List.of();
    private List<ClipRange> clips = List.of();
    private IntConsumer onChannel = channel -> {};
    private int hovered = -1;
    private double extent = 1;
    private boolean dirty = true;
    private final AnimationTimer nextPulse = new AnimationTimer() {
        @Override
        public void handle(long now) {
            stop();
            settle();
        }
    };

    public ChannelStripView() {
        getStyleClass().add("channel-strip-view");
        setAccessibleText("Range of each channel");
        setPickOnBounds(true);
        setMinSize(240, 48);
        setPrefSize(680, 88);
        canvas.setManaged(false);
        canvas.setMouseTransparent(true);
        getChildren().add(canvas);
        palette.addListener((o, was, is) -> touch());
        setOnMouseMoved(this::hover);
        setOnMouseExited(e -> hover(-1));
        setOnMouseClicked(e -> {
            int channel = channelAt(e.getX());
            if (channel >= 0) {
                onChannel.accept(channel);
            }
        });
        Tooltip.install(this, tip);
    }

    /** Shows another tensor's channels: the smallest and the largest value of each; [0, 0] for one without a finite value. */
    public void setChannels(List<ClipRange> channels) {
        this.channels = List.copyOf(channels);
        extent = this.channels.stream().mapToDouble(ClipRange::absMax).max().orElse(0);
        hover(-1);
        touch();
    }

    /** The clipping range: one for all channels, one for each, or none. May be called for every frame of a gesture. */
    public void setClips(List<ClipRange> clips) {
        this.clips = clips;
        touch();
    }

    /** What a click on a channel does. */
    public void setOnChannel(IntConsumer onChannel) {
        this.onChannel = onChannel;
    }

    public ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    /** The channel at {@code px} pixels from the left, or -1. */
    int channelAt(double px) {
        if (channels.isEmpty() || px < LEFT || px >= getWidth() - RIGHT) {
            return -1;
        }
        return Math.clamp((long) ((px - LEFT) / pitch()), 0, channels.size() - 1);
    }

    private double pitch() {
        return Math.max(1, canvas.getWidth() - LEFT - RIGHT) / channels.size();
    }

    private void hover(MouseEvent e) {
        hover(channelAt(e.getX()));
    }

    private void hover(int channel) {
        if (channel != hovered) {
            hovered = channel;
            if (channel >= 0) {
                tip.setText(String.format(Locale.ROOT, "Channel %d: %.4g … %.4g", channel, channels.get(channel).lo(), channels.get(channel).hi()));
            } else {
                tip.hide();
            }
            touch();
        }
    }

    private void touch() {
        dirty = true;
        nextPulse.start();
    }

    @Override
    protected void layoutChildren() {
        double w = Math.floor(getWidth());
        double h = Math.floor(getHeight());
        if (w != canvas.getWidth() || h != canvas.getHeight()) {
            canvas.setWidth(w);
            canvas.setHeight(h);
            dirty = true;
        }
        settle();
    }

    private void settle() {
        if (!dirty || canvas.getWidth() < 1) {
            return;
        }
        dirty = false;
        GraphicsContext g = canvas.getGraphicsContext2D();
        g.clearRect(0, 0, canvas.getWidth(), canvas.getHeight());
        if (channels.isEmpty()) {
            return;
        }
        double scale = (canvas.getHeight() / 2 - MARGIN) / (extent > 0 ? extent : 1);
        double middle = canvas.getHeight() / 2;
        int n = channels.size();
        int bars = (int) Math.min(n, Math.max(1, (canvas.getWidth() - LEFT - RIGHT) / 3));
        double width = (canvas.getWidth() - LEFT - RIGHT) / bars;
        for (int b = 0; b < bars; b++) {
            int from = (int) ((long) b * n / bars);
            int to = (int) ((long) (b + 1) * n / bars);
            paintBar(g, from, Math.max(from + 1, to), LEFT + b * width, width, middle, scale);
        }
        g.setStroke(palette.get().hand());
        g.setLineWidth(1.6);
        if (clips.size() == 1) {
            for (double end : new double[] {clips.getFirst().lo(), clips.getFirst().hi()}) {
                double at = middle - end * scale;
                if (at >= 0 && at <= canvas.getHeight()) {
                    g.strokeLine(LEFT, at, canvas.getWidth() - RIGHT, at);
                }
            }
        }
    }

    private void paintBar(GraphicsContext g, int from, int to, double x, double width, double middle, double scale) {
        float low = Float.POSITIVE_INFINITY;
        float high = Float.NEGATIVE_INFINITY;
        float clipLo = Float.NEGATIVE_INFINITY;
        float clipHi = Float.POSITIVE_INFINITY;
        for (int i = from; i < to; i++) {
            low = Math.min(low, channels.get(i).lo());
            high = Math.max(high, channels.get(i).hi());
            if (!clips.isEmpty()) {
                ClipRange clip = clips.get(clips.size() == 1 ? 0 : i);
                clipLo = Math.max(clipLo, clip.lo());
                clipHi = Math.min(clipHi, clip.hi());
            }
        }
        Color bar = palette.get().floats().deriveColor(0, 1, 1, 0.8);
        if (hovered >= from && hovered < to) {
            g.setFill(palette.get().selected());
            g.fillRect(x, 0, width, canvas.getHeight());
        }
        double gap = width >= 4 ? Math.max(Math.min(3, width * 0.3), width - WIDEST) : 0;
        double l = x + gap / 2;
        double w = width - gap;
        double top = middle - high * scale;
        double foot = Math.max(top + 1, middle - low * scale);
        double round = Math.min(4, w / 2);
        g.setFill(bar);
        g.fillRoundRect(l, top, w, foot - top, round, round);
        g.setFill(palette.get().clipping());
        if (high > clipHi) {
            g.fillRoundRect(l, top, w, Math.min(foot, middle - clipHi * scale) - top, round, round);
        }
        if (low < clipLo) {
            double start = Math.max(top, middle - clipLo * scale);
            g.fillRoundRect(l, start, w, foot - start, round, round);
        }
        if (clips.size() > 1) {
            g.setFill(palette.get().hand());
            g.fillRect(l - 1, middle - clipHi * scale - 0.8, w + 2, 1.6);
            g.fillRect(l - 1, middle - clipLo * scale - 0.8, w + 2, 1.6);
        }
    }
}
