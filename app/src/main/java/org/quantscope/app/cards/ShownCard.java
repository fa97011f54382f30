package org.quantscope.app.cards;

/** The cards that can be shown alone or in a window of their own. */
public enum ShownCard {
    HISTOGRAM("histogram", "Histogram"),
    CURVE("curve", "Error against clip"),
    PAGES("pages", "Channels, codes and layers"),
    TRIED("tried", "Everything tried");

    private final String id;
    private final String title;

    ShownCard(String id, String title) {
        this.id = id;
        this.title = title;
    }

    /** A word for the ids of what belongs to it. */
    public String id() {
        return id;
    }

    /** What it shows, for a person. */
    public String title() {
        return title;
    }
}
