package org.quantscope.app.tour;

/**
 * Where a card stands beside what it speaks of, in pixels of the window.
 *
 * @param x of its left edge
 * @param y of its upper edge
 */
record CardPlace(double x, double y) {
    /** Between the card and what it speaks of, and between it and the edges of the window. */
    static final double GAP = 14;

    /** A rectangle in the window. */
    record Box(double x, double y, double width, double height) {
        double right() {
            return x + width;
        }

        double bottom() {
            return y + height;
        }

        boolean meets(Box other) {
            return x < other.right() && other.x < right() && y < other.bottom() && other.y < bottom();
        }
    }

    /**
     * Right of what it speaks of, else left, below or above; where nowhere is room, over its lower right corner, which
     * hides the least of it.
     *
     * @param width of the window
     * @param height of the window
     * @param spoken what the card speaks of
     * @param wide width of the card
     * @param high height of the card
     */
    static CardPlace beside(double width, double height, Box spoken, double wide, double high) {
        double x = inside(spoken.x(), wide, width);
        double y = inside(spoken.y(), high, height);
        if (spoken.right() + GAP + wide + GAP <= width) {
            return new CardPlace(spoken.right() + GAP, y);
        }
        if (spoken.x() - GAP - wide >= GAP) {
            return new CardPlace(spoken.x() - GAP - wide, y);
        }
        if (spoken.bottom() + GAP + high + GAP <= height) {
            return new CardPlace(x, spoken.bottom() + GAP);
        }
        if (spoken.y() - GAP - high >= GAP) {
            return new CardPlace(x, spoken.y() - GAP - high);
        }
        return new CardPlace(
                inside(spoken.right() - GAP - wide, wide, width), inside(spoken.bottom() - GAP - high, high, height));
    }

    private static double inside(double wanted, double size, double room) {
        return Math.max(GAP, Math.min(wanted, room - size - GAP));
    }
}
