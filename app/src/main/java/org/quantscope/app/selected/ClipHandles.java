package org.quantscope.app.selected;

import java.util.Locale;
import java.util.Optional;
import javafx.animation.AnimationTimer;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.geometry.Rectangle2D;
import javafx.scene.control.Label;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.layout.Region;
import org.quantscope.app.ui.AxisMapping;
import org.quantscope.core.quant.ClipRange;

/**
 * Two handles that move a clipping range by mouse or keyboard, over any node with a horizontal axis. This pane has the
 * position and the size of that node, and reacts to the mouse only at the handles.
 *
 * <p>A handle keeps the distance to the pointer at which it was grabbed, and stays within the axis and at least a pixel
 * from the other handle. Releasing the mouse or the key ends the gesture with an edit; Esc cancels it.
 */
public final class ClipHandles extends Region {
    private static final double OVERSHOOT = 6;
    private static final double LABEL_GAP = 6;

    private enum Side {
        LO,
        HI
    }

    private enum Gesture {
        NONE,
        MOUSE,
        KEYS,
        /** Esc was pressed while the mouse button is still down. */
        TAKEN_BACK
    }

    private static final RangeListener NOBODY = new RangeListener() {
        @Override
        public void preview(ClipRange range) {}

        @Override
        public void commit(ClipRange range) {}

        @Override
        public void cancel() {}
    };

    private final AxisMapping axis;
    private final Runnable settle;
    private final ClipHandle lo = new ClipHandle(
            "lo", "Lower end of the clipping range", () -> end(Side.LO), () -> lowest(Side.LO), () -> highest(Side.LO));
    private final ClipHandle hi = new ClipHandle(
            "hi", "Upper end of the clipping range", () -> end(Side.HI), () -> lowest(Side.HI), () -> highest(Side.HI));
    private final ReadOnlyObjectWrapper<Optional<ClipRange>> range =
            new ReadOnlyObjectWrapper<>(this, "range", Optional.empty());
    private final ReadOnlyBooleanWrapper held = new ReadOnlyBooleanWrapper(this, "held");
    private RangeListener listener = NOBODY;
    private boolean symmetric;

    /** The limits of the handles: the whole axis, of which only a part may be visible. */
    private double least = -1;

    private double most = 1;
    /** The values for the keys Home and End. */
    private double home = -1;

    private double end = 1;

    private Gesture gesture = Gesture.NONE;
    private Optional<ClipRange> before = Optional.empty();
    private Side side = Side.LO;
    private double grabOffset;
    private boolean moved;
    private boolean untold;
    /** A mouse may move many times between two frames; what comes of a range is seen once in each. */
    private final AnimationTimer telling = new AnimationTimer() {
        @Override
        public void handle(long now) {
            tell();
        }
    };

    /**
     * @param axis converts between values and pixels of this pane
     * @param settle brings the axis up to date; runs before a gesture begins
     */
    public ClipHandles(AxisMapping axis, Runnable settle) {
        this.axis = axis;
        this.settle = settle;
        setManaged(false);
        setPickOnBounds(false);
        getChildren().addAll(lo.value(), hi.value(), lo, hi);
        listenTo(lo, Side.LO);
        listenTo(hi, Side.HI);
        for (ClipHandle handle : new ClipHandle[] {lo, hi}) {
            // The width of the text changes when a style sheet is applied later.
            handle.value().fontProperty().addListener((o, was, is) -> requestLayout());
            handle.value().insetsProperty().addListener((o, was, is) -> requestLayout());
        }
        place();
    }

    // What is shown

    /** The range of the handles; empty while they are hidden. */
    public ReadOnlyObjectProperty<Optional<ClipRange>> rangeProperty() {
        return range.getReadOnlyProperty();
    }

    /** True while a handle is held by the mouse or a key. */
    public ReadOnlyBooleanProperty heldProperty() {
        return held.getReadOnlyProperty();
    }

    /**
     * Places the handles at {@code shown}, or hides them. Has no effect while one is held.
     *
     * @param symmetric whether the ends mirror each other about 0
     */
    public void show(Optional<ClipRange> shown, boolean symmetric) {
        if (!held.get()) {
            this.symmetric = symmetric;
            range.set(shown);
            place();
        }
    }

    /** Sets the lowest and the highest value that an end may take. */
    public void setLimits(double least, double most) {
        this.least = least;
        this.most = most;
    }

    /** Sets the values that the keys Home and End give to an end. */
    public void setHomeAndEnd(double home, double end) {
        this.home = home;
        this.end = end;
    }

    /** Sets the receiver of previews and edits. */
    public void setListener(RangeListener listener) {
        this.listener = listener;
    }

    /** Sets whether the handles may be moved. If not, a gesture in progress is cancelled. */
    public void setEnabled(boolean enabled) {
        if (!enabled) {
            takeBack();
        }
        lo.setDisable(!enabled);
        hi.setDisable(!enabled);
    }

    // Where they are

    @Override
    protected void layoutChildren() {
        place();
    }

    /** Places the handles and their labels; call it after every change of the axis. */
    public void place() {
        ClipRange clip = range.get().orElse(null);
        Rectangle2D area = axis.area();
        double xLo = clip == null ? Double.NaN : axis.toX(clip.lo());
        double xHi = clip == null ? Double.NaN : axis.toX(clip.hi());
        lo.setVisible(xLo >= area.getMinX() - 1 && xLo <= area.getMaxX() + 1);
        hi.setVisible(xHi >= area.getMinX() - 1 && xHi <= area.getMaxX() + 1);
        if (clip == null) {
            return;
        }
        lo.write(format(clip.lo()));
        hi.write(format(clip.hi()));
        double gap = xHi - xLo;
        double inner = Math.clamp(gap / 2, 0, ClipHandle.GRAB);
        double shift = Math.max(0, (ClipHandle.GRIP_WIDTH + 2 - gap) / 2);
        double top = area.getMinY() - OVERSHOOT;
        double height = area.getHeight() + OVERSHOOT;
        lo.place(xLo, top, height, ClipHandle.GRAB, inner, -shift);
        hi.place(xHi, top, height, inner, ClipHandle.GRAB, shift);
        placeLabels(area, xLo, xHi);
    }

    /**
     * Places the labels inside the range if both fit there, otherwise outside, and in two rows if they would overlap;
     * always within the plot.
     */
    private void placeLabels(Rectangle2D area, double xLo, double xHi) {
        Label a = lo.value();
        Label b = hi.value();
        boolean inside = xHi - xLo >= a.getWidth() + b.getWidth() + 3 * LABEL_GAP;
        boolean aInside = inside || xLo - LABEL_GAP - a.getWidth() < area.getMinX();
        boolean bInside = inside || xHi + LABEL_GAP + b.getWidth() > area.getMaxX();
        double ax = Math.clamp(
                aInside ? xLo + LABEL_GAP : xLo - LABEL_GAP - a.getWidth(),
                area.getMinX(),
                Math.max(area.getMinX(), area.getMaxX() - a.getWidth()));
        double bx = Math.clamp(
                bInside ? xHi - LABEL_GAP - b.getWidth() : xHi + LABEL_GAP,
                area.getMinX(),
                Math.max(area.getMinX(), area.getMaxX() - b.getWidth()));
        boolean meet = lo.isVisible() && hi.isVisible() && ax < bx + b.getWidth() + 2 && bx < ax + a.getWidth() + 2;
        double row = area.getMinY() + 1;
        a.relocate(Math.rint(ax), row);
        b.relocate(Math.rint(bx), meet ? row + a.getHeight() + 2 : row);
    }

    /**
     * Formats a value with as many decimals as a tenth of a pixel needs, so that the text keeps its width during a
     * gesture.
     */
    private String format(double value) {
        int decimals = 2 - (int) Math.floor(Math.log10(axis.pixel()));
        return decimals > 9 || decimals < -6
                ? String.format(Locale.ROOT, "%.4e", value)
                : String.format(Locale.ROOT, "%." + Math.max(0, decimals) + "f", value);
    }

    // The hand

    private void listenTo(ClipHandle handle, Side of) {
        handle.addEventHandler(MouseEvent.MOUSE_PRESSED, e -> {
            if (e.getButton() == MouseButton.PRIMARY && range.get().isPresent()) {
                finish();
                settle.run();
                handle.requestFocus();
                handle.setHeld(true);
                side = of;
                grabOffset = localX(e) - axis.toX(end(of));
                begin(Gesture.MOUSE);
            } else if (gesture == Gesture.MOUSE) {
                takeBack();
            }
            e.consume();
        });
        handle.addEventHandler(KeyEvent.KEY_PRESSED, e -> pressed(e, of));
        handle.addEventHandler(KeyEvent.KEY_RELEASED, e -> {
            if (gesture == Gesture.KEYS && isNudge(e.getCode())) {
                finish();
                e.consume();
            }
        });
        handle.focusedProperty().addListener((o, was, is) -> {
            if (!is && gesture == Gesture.KEYS) {
                finish();
            }
        });
    }

    /**
     * Follows the mouse anywhere on {@code ground}, the parent of this pane, while a handle is held. On some platforms
     * the node where a drag began does not get all of its events.
     */
    public void followMouseOn(Region ground) {
        ground.addEventHandler(MouseEvent.MOUSE_DRAGGED, e -> {
            if (gesture == Gesture.MOUSE) {
                move(side, tidy(axis.fromX(localX(e) - grabOffset), axis.pixel()));
                e.consume();
            } else if (gesture == Gesture.TAKEN_BACK) {
                e.consume();
            }
        });
        ground.addEventHandler(MouseEvent.MOUSE_RELEASED, e -> {
            if (e.getButton() == MouseButton.PRIMARY && (gesture == Gesture.MOUSE || gesture == Gesture.TAKEN_BACK)) {
                finish();
                e.consume();
            }
        });
    }

    private double localX(MouseEvent e) {
        return sceneToLocal(e.getSceneX(), e.getSceneY()).getX();
    }

    private void pressed(KeyEvent e, Side of) {
        if (e.getCode() == KeyCode.ESCAPE && held.get()) {
            boolean mouse = gesture == Gesture.MOUSE;
            takeBack();
            gesture = mouse ? Gesture.TAKEN_BACK : Gesture.NONE;
            e.consume();
        } else if (isNudge(e.getCode())
                && range.get().isPresent()
                && (gesture == Gesture.NONE || gesture == Gesture.KEYS)) {
            settle.run();
            double step = axis.pixel() * (e.isShiftDown() ? 10 : 1) * (e.isControlDown() ? 0.1 : 1);
            double target = switch (e.getCode()) {
                case HOME -> symmetric ? Math.min(home, -end) : home;
                case END -> symmetric ? Math.max(-home, end) : end;
                case LEFT, DOWN -> tidy(end(of) - step, step);
                default -> tidy(end(of) + step, step);
            };
            if (gesture == Gesture.NONE) {
                begin(Gesture.KEYS);
            }
            move(of, target);
            e.consume();
        }
    }

    private static boolean isNudge(KeyCode code) {
        return switch (code) {
            case LEFT, RIGHT, UP, DOWN, HOME, END -> true;
            default -> false;
        };
    }

    private void begin(Gesture kind) {
        gesture = kind;
        before = range.get();
        moved = false;
        held.set(true);
    }

    /** Moves one end to a value, limited to what is allowed, and reports it if the range has changed. */
    private void move(Side of, double value) {
        ClipRange now = range.get().orElse(null);
        if (now == null) {
            return;
        }
        float v = (float) Math.clamp(value, lowest(of), Math.max(lowest(of), highest(of)));
        ClipRange next = symmetric
                ? ClipRange.symmetric(Math.abs(v))
                : switch (of) {
                    case LO -> new ClipRange(Math.min(v, now.hi()), now.hi());
                    case HI -> new ClipRange(now.lo(), Math.max(v, now.lo()));
                };
        if (!next.equals(now)) {
            moved = true;
            range.set(Optional.of(next));
            place();
            if (gesture == Gesture.MOUSE) {
                untold = true;
                telling.start();
            } else {
                listener.preview(next);
            }
        }
    }

    /** Tells where the handles stand, if that is not known yet. */
    private void tell() {
        telling.stop();
        if (untold) {
            untold = false;
            range.get().ifPresent(listener::preview);
        }
    }

    /** Ends the gesture, with an edit if the range has changed. */
    private void finish() {
        tell();
        Optional<ClipRange> from = before;
        if (letGo()) {
            if (range.get().equals(from)) {
                listener.cancel();
            } else {
                range.get().ifPresent(listener::commit);
            }
        }
    }

    /** Cancels the gesture: the range before it is shown again. */
    public void takeBack() {
        Optional<ClipRange> from = before;
        if (letGo()) {
            range.set(from);
            place();
            listener.cancel();
        }
    }

    /**
     * Ends the gesture.
     *
     * @return true if it has moved anything
     */
    private boolean letGo() {
        untold = false;
        lo.setHeld(false);
        hi.setHeld(false);
        boolean wasMoved = moved && held.get();
        gesture = Gesture.NONE;
        moved = false;
        before = Optional.empty();
        held.set(false);
        return wasMoved;
    }

    private double end(Side of) {
        return range.get().map(r -> of == Side.LO ? r.lo() : r.hi()).orElse(0f);
    }

    /** The lowest value that this end may take: a pixel above the other end, or the end of the axis. */
    private double lowest(Side of) {
        return switch (of) {
            case LO -> symmetric ? -most : least;
            case HI -> symmetric ? axis.pixel() : end(Side.LO) + axis.pixel();
        };
    }

    private double highest(Side of) {
        return switch (of) {
            case LO -> symmetric ? -axis.pixel() : end(Side.HI) - axis.pixel();
            case HI -> most;
        };
    }

    /**
     * Rounds to a tenth of the power of ten below {@code step}: a change of a twentieth of a step at most, and short to
     * read.
     */
    private static double tidy(double value, double step) {
        int decimals = 1 - (int) Math.floor(Math.log10(step));
        double unit = Math.pow(10, Math.abs(decimals));
        return decimals >= 0 ? Math.rint(value * unit) / unit : Math.rint(value / unit) * unit;
    }
}
