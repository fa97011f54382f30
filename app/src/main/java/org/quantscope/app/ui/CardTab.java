package org.quantscope.app.ui;

import java.util.function.Consumer;
import java.util.function.Supplier;
import javafx.scene.layout.Region;

/**
 * One page of a {@link TabbedCard}. A feature adds a page by adding one of these to the list that the window makes the
 * card from.
 *
 * @param id identifies the page in the stored settings, so it must never be renamed; the button has the node id
 *     {@code tab-ID}
 * @param title text of the button, one or two words
 * @param tip what the page shows, as a tooltip
 * @param content makes the page; called once, when it is first chosen
 * @param onShowing called with {@code true} when the page becomes visible, after {@code content}, and with
 *     {@code false} when it is hidden. Work for this page alone should be done only in between
 * @param tall true if the page needs more height than a few lines
 */
public record CardTab(
        String id,
        String title,
        String tip,
        Supplier<? extends Region> content,
        Consumer<Boolean> onShowing,
        boolean tall) {
    /** A page of normal height. */
    public CardTab(
            String id, String title, String tip, Supplier<? extends Region> content, Consumer<Boolean> onShowing) {
        this(id, title, tip, content, onShowing, false);
    }

    /** A page of normal height that need not know whether it is visible. */
    public CardTab(String id, String title, String tip, Supplier<? extends Region> content) {
        this(id, title, tip, content, showing -> {});
    }
}
