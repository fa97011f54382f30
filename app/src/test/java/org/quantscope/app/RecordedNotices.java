package org.quantscope.app;

import java.util.ArrayList;
import java.util.List;
import org.quantscope.app.ui.Notices;

/** What a person would have been told, in order. */
public final class RecordedNotices implements Notices {
    public final List<String> problems = new ArrayList<>();
    public final List<String> done = new ArrayList<>();

    @Override
    public void problem(String message) {
        problems.add(message);
    }

    @Override
    public void done(String message) {
        done.add(message);
    }
}
