package org.quantscope.app.session;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tells followers about changes in a fixed order, so that a figure is refreshed after all figures that it depends on.
 * One change refreshes each stage once, even if several stages announce changes meanwhile. Used on the FX thread only.
 */
public final class Changes {
    /** The stages, in the order in which they are refreshed. */
    public enum Stage {
        /** What activations have been seen to be, which is found out anew for another model or other data. */
        CALIBRATION,
        /** The parameters and errors of every quantized tensor. */
        MEASUREMENTS,
        /** The codes of weights that are not the nearest ones. */
        SOLUTIONS,
        /** The list of tensors, with what they come to. */
        TENSOR_LIST,
        /** The selected tensor, with its preview. */
        SELECTED_TENSOR,
        /** The accuracy under the shown settings. */
        ACCURACY,
        /** Everything that depends on the other stages. */
        OTHERS,
        /** The copy of unsaved work. */
        UNSAVED_COPY
    }

    private final Map<Stage, List<Runnable>> followers = new EnumMap<>(Stage.class);
    private final Set<Stage> due = EnumSet.noneOf(Stage.class);
    private boolean running;

    /** From now on refreshes {@code follower} with its stage. */
    public void on(Stage stage, Runnable follower) {
        followers.computeIfAbsent(stage, s -> new ArrayList<>()).add(follower);
    }

    /** Refreshes every stage, because the choices have changed, or what is known about the model. */
    public void all() {
        due.addAll(EnumSet.allOf(Stage.class));
        run();
    }

    /**
     * Refreshes the stages that depend on {@code stage}, because what it shows has changed. A preview changes no
     * choice, so only the accuracy follows the selected tensor.
     */
    public void behind(Stage stage) {
        due.addAll(
                switch (stage) {
                    case CALIBRATION -> EnumSet.complementOf(EnumSet.of(Stage.CALIBRATION));
                    case MEASUREMENTS ->
                        EnumSet.of(
                                Stage.SOLUTIONS,
                                Stage.TENSOR_LIST,
                                Stage.SELECTED_TENSOR,
                                Stage.ACCURACY,
                                Stage.OTHERS);
                    case SOLUTIONS ->
                        EnumSet.of(Stage.TENSOR_LIST, Stage.SELECTED_TENSOR, Stage.ACCURACY, Stage.OTHERS);
                    case TENSOR_LIST -> EnumSet.of(Stage.SELECTED_TENSOR, Stage.ACCURACY, Stage.OTHERS);
                    case SELECTED_TENSOR -> EnumSet.of(Stage.ACCURACY);
                    case ACCURACY, OTHERS, UNSAVED_COPY -> EnumSet.noneOf(Stage.class);
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
