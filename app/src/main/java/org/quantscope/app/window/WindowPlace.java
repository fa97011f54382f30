package org.quantscope.app.window;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import javafx.geometry.Rectangle2D;

/**
 * The remembered position and size of a window, in pixels of the desktop.
 *
 * @param corner the upper left corner; empty at a first start
 */
record WindowPlace(Optional<Corner> corner, double width, double height) {
    /** The pixels that the frame of a window manager takes at most, across or down. */
    private static final double FRAME = 40;

    /** The upper left corner of a window. */
    record Corner(double x, double y) {}

    /**
     * The position and size to use, which lie within a single screen. It is the screen that holds most of the
     * remembered place. If there is none, the window opens in the middle of the first screen.
     *
     * @param screens the usable area of each screen, without bars and docks; not empty, the main screen first
     */
    Rectangle2D on(List<Rectangle2D> screens) {
        Rectangle2D main = screens.getFirst();
        Optional<Rectangle2D> there = corner.flatMap(
                c -> screens.stream().filter(s -> shared(s, c) > 0).max(Comparator.comparingDouble(s -> shared(s, c))));
        Rectangle2D screen = there.orElse(main);
        double w = Math.min(width, screen.getWidth());
        double h = Math.min(height, screen.getHeight());
        double x = there.isPresent() ? corner.orElseThrow().x : screen.getMinX() + (screen.getWidth() - w) / 2;
        double y = there.isPresent() ? corner.orElseThrow().y : screen.getMinY() + (screen.getHeight() - h) / 2;
        return new Rectangle2D(
                Math.clamp(x, screen.getMinX(), screen.getMaxX() - w),
                Math.clamp(y, screen.getMinY(), screen.getMaxY() - h),
                w,
                h);
    }

    /** True if a window at this place leaves no room on its screen for a frame around it. */
    static boolean fills(Rectangle2D place, List<Rectangle2D> screens) {
        return screens.stream()
                .anyMatch(s -> s.contains(place)
                        && (place.getWidth() > s.getWidth() - FRAME || place.getHeight() > s.getHeight() - FRAME));
    }

    /** The area in square pixels that the remembered place and a screen share. */
    private double shared(Rectangle2D screen, Corner at) {
        double across = Math.min(screen.getMaxX(), at.x + width) - Math.max(screen.getMinX(), at.x);
        double down = Math.min(screen.getMaxY(), at.y + height) - Math.max(screen.getMinY(), at.y);
        return Math.max(0, across) * Math.max(0, down);
    }
}
