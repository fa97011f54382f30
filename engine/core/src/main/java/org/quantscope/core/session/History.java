package org.quantscope.core.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The states of a session in the order in which they were made, with a position among them. Immutable: every step gives
 * a new history that shares its states with the old one.
 *
 * <p>An edit that changes nothing is not a step. An edit after an undo drops the steps that could have been redone.
 */
public final class History {
    /** The most steps that can be undone; older ones are forgotten. */
    public static final int DEPTH = 200;

    private record Step(String title, SessionState before, SessionState after) {}

    private final SessionState current;
    private final List<Step> past;
    private final List<Step> future;
    private final SessionState saved;

    private History(SessionState current, List<Step> past, List<Step> future, SessionState saved) {
        this.current = current;
        this.past = past;
        this.future = future;
        this.saved = saved;
    }

    /** A history without steps whose state counts as saved. */
    public static History of(SessionState state) {
        return new History(state, List.of(), List.of(), state);
    }

    public SessionState state() {
        return current;
    }

    /** Applies an edit; this history itself if the edit changes nothing. */
    public History apply(Edit edit) {
        SessionState next = edit.apply(current);
        if (next.equals(current)) {
            return this;
        }
        List<Step> steps = new ArrayList<>(past.subList(Math.max(0, past.size() - DEPTH + 1), past.size()));
        steps.add(new Step(edit.title(), current, next));
        return new History(next, List.copyOf(steps), List.of(), saved);
    }

    public boolean canUndo() {
        return !past.isEmpty();
    }

    public boolean canRedo() {
        return !future.isEmpty();
    }

    /** The title of the step that {@link #undo} takes back. */
    public Optional<String> undoTitle() {
        return past.isEmpty() ? Optional.empty() : Optional.of(past.getLast().title());
    }

    /** The title of the step that {@link #redo} makes again. */
    public Optional<String> redoTitle() {
        return future.isEmpty()
                ? Optional.empty()
                : Optional.of(future.getLast().title());
    }

    /** One step back; this history itself if there is none. */
    public History undo() {
        if (past.isEmpty()) {
            return this;
        }
        Step step = past.getLast();
        return new History(step.before(), past.subList(0, past.size() - 1), plus(future, step), saved);
    }

    /** One step forward again; this history itself if there is none. */
    public History redo() {
        if (future.isEmpty()) {
            return this;
        }
        Step step = future.getLast();
        return new History(step.after(), plus(past, step), future.subList(0, future.size() - 1), saved);
    }

    /** The titles of all steps that are kept, the oldest first; {@link #position} of them are done. */
    public List<String> titles() {
        List<String> all = new ArrayList<>(past.stream().map(Step::title).toList());
        future.reversed().forEach(step -> all.add(step.title()));
        return List.copyOf(all);
    }

    /** How many of the {@link #titles} are done. */
    public int position() {
        return past.size();
    }

    /**
     * Undoes or redoes until {@code steps} of the {@link #titles} are done.
     *
     * @throws IndexOutOfBoundsException if there are not as many
     */
    public History at(int steps) {
        Objects.checkIndex(steps, past.size() + future.size() + 1);
        History history = this;
        while (history.position() > steps) {
            history = history.undo();
        }
        while (history.position() < steps) {
            history = history.redo();
        }
        return history;
    }

    /** True if {@code steps} steps done give the state that was saved. */
    public boolean isSavedAt(int steps) {
        return at(steps).current.equals(saved);
    }

    /** The same history with the present state as the saved one. */
    public History markSaved() {
        return markSaved(current);
    }

    /** The same history with {@code written} as the saved state, for a save that ran in the background. */
    public History markSaved(SessionState written) {
        return new History(current, past, future, written);
    }

    /** True if the present state is not the saved one. Undoing back to it makes this false again. */
    public boolean hasUnsavedChanges() {
        return !current.equals(saved);
    }

    private static List<Step> plus(List<Step> steps, Step step) {
        List<Step> all = new ArrayList<>(steps);
        all.add(step);
        return List.copyOf(all);
    }
}
