package org.quantscope.app.command;

import java.util.function.Supplier;

/**
 * Something that a person can do. Menus, keys and the palette all hold the same one.
 *
 * @param id stable, and the id of its menu item, by which the glossary knows it
 * @param title as in a menu
 * @param kind what it is about, such as {@code action} or {@code tensor}
 * @param keys a key combination as JavaFX reads it; empty for none
 * @param refusal why it is not possible now, a sentence; empty if it is
 */
public record Command(String id, String title, String kind, String keys, Supplier<String> refusal, Runnable action) {
    /** The kind of what menus and keys do. */
    public static final String ACTION = "action";

    public Command {
        if (id.isEmpty() || title.isBlank()) {
            throw new IllegalArgumentException("id, title: neither may be empty, got \"" + id + "\", \"" + title + '"');
        }
    }

    /** Something that is always possible and has no keys. */
    public static Command of(String id, String title, String kind, Runnable action) {
        return new Command(id, title, kind, "", () -> "", action);
    }

    /** The keys as a person reads them. */
    public String shownKeys() {
        return keys.replace("Shortcut", "Ctrl");
    }

    /** Does it, if it is possible. */
    public void run() {
        if (refusal.get().isEmpty()) {
            action.run();
        }
    }
}
