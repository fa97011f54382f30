package org.quantscope.app.ui;

import java.util.function.Consumer;
import java.util.function.Supplier;
import javafx.scene.layout.Region;

/**
 * One page of a {@link TabbedCard}. A feature contributes one by adding it to the list that the window makes the card from.
 *
 * @param id what the choice is remembered by, never renamed; the button has the node id {@code tab-ID}
 * @param title on the button, one or two words
 * @param tip what the page shows, as a tooltip
 * @param content makes the page; called once, when it is chosen for the first time
 * @param onShowing told {@code true} when the page comes on show, after {@code content} was called, and {@code false} when it
 *     goes: work for this page alone is done only between the two
 * @param tall a page that is worth more room than a few lines
 */
public record CardTab(
        String id,
        String title,
        String tip,
        Supplier<? extends Region> content,
        Consumer<Boolean> onShowing,
        boolean tall) {
    /** A page of a few lines. */
    public CardTab(
            String id, String title, String tip, Supplier<? extends Region> content, Consumer<Boolean> onShowing) {
        this(id, title, tip, content, onShowing, false);
    }

    /** A page that costs nothing while it is not on show. */
    public CardTab(String id, String title, String tip, Supplier<? extends Region> content) {
        this(id, title, tip, content, showing -> {});
    }
}
