package org.quantscope.app.session;

import java.util.concurrent.Executor;
import org.quantscope.app.ui.Notices;
import org.quantscope.app.ui.UiThread;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;

/**
 * What a view-model needs to work in the background: a thread for the work, the FX thread for its results, the list of
 * running jobs, and a way to report problems.
 *
 * @param work runs long work
 * @param ui runs tasks on the FX thread, in the order of submission
 */
public record Background(Executor work, UiThread ui, Jobs jobs, Notices notices) {
    public static Background of(Executor work, UiThread ui, Notices notices) {
        return new Background(work, ui, new Jobs(ui::beforeFrame), notices);
    }

    /**
     * Work of which only the newest request matters. Its results arrive on the FX thread, those on the way at most once
     * a frame.
     */
    public <R> LatestWins<R> latest(LatestWins.Mode mode) {
        return new LatestWins<>(mode, work, ui, new OnceAFrame(ui));
    }

    /** Adds a job that starts now to the list; close the result when it ends. Thread-safe. */
    public Jobs.Handle start(String title, CancelToken cancel) {
        return jobs.start(title, cancel);
    }

    /** Reports that something failed; {@code message} is one line that says why. */
    public void problem(String message) {
        notices.problem(message);
    }

    /** Reports why something failed. */
    public void problem(Throwable failure) {
        notices.problem(String.valueOf(failure.getMessage()));
    }
}
