package org.quantscope.core.improve;

import java.util.Optional;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.eval.Task;

/** The interval of what one step gains over the one before, on the same samples. */
final class Gain {
    private Gain() {}

    /**
     * The interval for samples such as these, of which those seen are a few: that of {@link PairedInterval} in an
     * infinite population.
     *
     * @return empty unless each sample has one class that is right or wrong
     */
    static Optional<PairedInterval> between(SampleOutcomes before, Evaluation after) {
        SampleOutcomes now = after.outcomes();
        Task task = after.accuracy().task();
        boolean plain = task.equals(new Task.TopK(1)) || task.equals(new Task.Agreement());
        if (!plain || now.classes() == 0 || now.positions() > 1 || before.size() != now.size()) {
            return Optional.empty();
        }
        boolean labels = task.equals(new Task.TopK(1));
        long gained = 0;
        long lost = 0;
        long n = 0;
        for (int i = 0; i < now.size(); i++) {
            int wanted = labels ? now.label(i) : now.floatClass(i);
            if (wanted >= 0) {
                boolean was = before.quantizedClass(i) == wanted;
                boolean is = now.quantizedClass(i) == wanted;
                gained += is && !was ? 1 : 0;
                lost += was && !is ? 1 : 0;
                n++;
            }
        }
        return n == 0 ? Optional.empty() : Optional.of(PairedInterval.of(gained, lost, n, Long.MAX_VALUE));
    }

    /**
     * The interval of what the quantized model gains over the float one, likewise.
     *
     * @return empty unless each sample has one class that is right or wrong
     */
    static Optional<PairedInterval> overFloat(Evaluation of) {
        SampleOutcomes now = of.outcomes();
        Task task = of.accuracy().task();
        boolean labels = task.equals(new Task.TopK(1));
        if (!(labels || task.equals(new Task.Agreement())) || now.classes() == 0 || now.positions() > 1) {
            return Optional.empty();
        }
        long gained = 0;
        long lost = 0;
        long n = 0;
        for (int i = 0; i < now.size(); i++) {
            int wanted = labels ? now.label(i) : now.floatClass(i);
            if (wanted >= 0) {
                boolean was = now.floatClass(i) == wanted;
                boolean is = now.quantizedClass(i) == wanted;
                gained += is && !was ? 1 : 0;
                lost += was && !is ? 1 : 0;
                n++;
            }
        }
        return n == 0 ? Optional.empty() : Optional.of(PairedInterval.of(gained, lost, n, Long.MAX_VALUE));
    }
}
