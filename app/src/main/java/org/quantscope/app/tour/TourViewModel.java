package org.quantscope.app.tour;

import java.util.Optional;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.lesson.LessonViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Workbench;

/**
 * The tour through the window. It needs an open model, and never lies over a lesson or a dialog: where one begins, the
 * tour is over. It offers itself once, and whoever wants it again starts it.
 */
public final class TourViewModel {
    private static final String SETTING = "tour";
    private static final String SHOWN = "shown";

    private final Workbench bench;
    private final LessonViewModel lessons;
    private final Settings settings;
    private final ReadOnlyObjectWrapper<Optional<TourStop>> stop =
            new ReadOnlyObjectWrapper<>(this, "stop", Optional.empty());
    private final ReadOnlyBooleanWrapper possible = new ReadOnlyBooleanWrapper(this, "possible");
    private boolean dialog;
    private boolean offered;

    public TourViewModel(Workbench bench, LessonViewModel lessons, Settings settings) {
        this.bench = bench;
        this.lessons = lessons;
        this.settings = settings;
        bench.modelProperty().subscribe(x -> check());
        lessons.viewProperty().subscribe(x -> check());
    }

    private void check() {
        possible.set(bench.modelProperty().get().isPresent()
                && lessons.viewProperty().get().isEmpty()
                && !dialog);
        if (!possible.get()) {
            end();
        } else if (offered) {
            offered = false;
            if (settings.text(SETTING).isEmpty()) {
                start();
            }
        }
    }

    /**
     * Starts the tour if it was never shown, as soon as it is possible. Only the program that a person starts calls this:
     * whatever else opens a window, such as a test, has no tour that it did not ask for.
     */
    public void offer() {
        offered = true;
        check();
    }

    /** Starts at the first stop, if that is possible. */
    public void start() {
        if (possible.get()) {
            // Also who ends the program in the midst of it has seen it.
            settings.setText(SETTING, SHOWN);
            stop.set(Optional.of(TourStop.begin()));
        }
    }

    /** To the next stop; behind the last one the tour is over. */
    public void next() {
        stop.set(stop.get().filter(s -> !s.last()).map(TourStop::next));
    }

    /** To the stop before; at the first one nothing changes. */
    public void back() {
        stop.set(stop.get().map(TourStop::before));
    }

    /** Ends the tour, wherever it is. */
    public void end() {
        stop.set(Optional.empty());
    }

    /** Says whether a dialog is open. */
    public void setDialogOpen(boolean open) {
        dialog = open;
        check();
    }

    /** Where the tour is; empty while there is none. */
    public ReadOnlyObjectProperty<Optional<TourStop>> stopProperty() {
        return stop.getReadOnlyProperty();
    }

    /** True while a tour can be started: a model is open, and neither a lesson nor a dialog. */
    public ReadOnlyBooleanProperty possibleProperty() {
        return possible.getReadOnlyProperty();
    }
}
