package org.quantscope.app.session;

import java.util.concurrent.Executor;
import org.quantscope.app.ui.Notices;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;

/**
 * What a view-model needs to work while a person goes on: a thread to work on, the thread of the window to come back to, the
 * list of what is going on, and a way to say how it went.
 *
 * @param work runs what takes long
 * @param ui runs what touches view-models, in the order in which it was handed over
 */
public record Background(Executor work, Executor ui, Jobs jobs, Notices notices) {
    public static Background of(Executor work, Executor ui, Notices notices) {
        return new Background(work, ui, new Jobs(ui), notices);
    }

    /** Work of which only the newest request matters, delivered on the thread of the window. */
    public <R> LatestWins<R> latest(LatestWins.Mode mode) {
        return new LatestWins<>(mode, work, ui);
    }

    /** Announces work that starts now; close the answer when it ends. Thread safe. */
    public Jobs.Handle start(String title, CancelToken cancel) {
        return jobs.start(title, cancel);
    }

    /** Tells the person that something did not happen; one line that says why. */
    public void problem(String message) {
        notices.problem(message);
    }

    /** Tells the person why something failed. */
    public void problem(Throwable failure) {
        notices.problem(String.valueOf(failure.getMessage()));
    }
}
