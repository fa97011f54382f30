package org.quantscope.app.session;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who follows a change, in a stated order: what is computed from the choices comes before what is computed from that. One step
 * refreshes each stage once, however many stages tell of a change of their own on the way. For the thread of the scene only.
 */
public final class Changes {
    /** In the order in which they are refreshed. */
    public enum Stage {
        /** What the choices come to, for every quantized tensor. */
        MEASUREMENTS,
        /** The tensor in hand, previews included. */
        SELECTED_TENSOR,
        /** What the settings on show cost. */
        ACCURACY,
        /** Whatever follows from these. */
        OTHERS
    }

    private final Map<Stage, List<Runnable>> followers = new EnumMap<>(Stage.class);
    private final Set<Stage> due = EnumSet.noneOf(Stage.class);
    private boolean running;

    /** Refreshes {@code follower} with its stage from now on. */
    public void on(Stage stage, Runnable follower) {
        followers.computeIfAbsent(stage, s -> new ArrayList<>()).add(follower);
    }

    /** The choices have changed, or what is known of the model: every stage is due. */
    public void all() {
        due.addAll(EnumSet.allOf(Stage.class));
        run();
    }

    /** What {@code stage} shows has changed: the stages that rest on it are due. A preview changes no choice, so only accuracy follows the tensor in hand. */
    public void behind(Stage stage) {
        due.addAll(
                switch (stage) {
                    case MEASUREMENTS -> EnumSet.of(Stage.SELECTED_TENSOR, Stage.ACCURACY, Stage.OTHERS);
                    case SELECTED_TENSOR -> EnumSet.of(Stage.ACCURACY);
                    case ACCURACY, OTHERS -> EnumSet.noneOf(Stage.class);
                });
        run();
    }

    private void run() {
        if (running) {
            return;
        }
        running = true;
        try {
            while (!due.isEmpty()) {
                Stage next = due.iterator().next();
                due.remove(next);
                List.copyOf(followers.getOrDefault(next, List.of())).forEach(Runnable::run);
            }
        } finally {
            running = false;
            due.clear();
        }
    }
}
