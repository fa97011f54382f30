package org.quantscope.linalg.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;

/**
 * Trains a quantized network by what the float model answers, or by labels: gradients go straight through the rounding
 * (Bengio et al. 2013, arXiv 1308.3432; Krishnamoorthi 2018, arXiv 1806.08342, section 3.2), steps are Adam's, and
 * their rate falls as a half cosine. The loss on samples that it does not learn from is measured again and again, and
 * the network with the least is kept.
 */
final class Recovery {
    /** How often the loss on the held-out samples is measured. */
    private static final int MEASUREMENTS = 40;

    /** The rate of the last step, as a share of that of the first. */
    private static final double LAST = 1e-3;

    private final Network network;
    private final Pool pool;
    private final Loss loss;
    private final int[] trained;
    private final int[] heldOut;
    private final int classes;

    /**
     * @param trained samples that are learned from
     * @param heldOut samples that the loss is measured on
     */
    Recovery(Network network, Pool pool, Loss loss, int[] trained, int[] heldOut) {
        this.network = network;
        this.pool = pool;
        this.loss = loss;
        this.trained = trained.clone();
        this.heldOut = heldOut.clone();
        this.classes = network.outputDims.length == 0 ? 1 : network.outputDims[network.outputDims.length - 1];
    }

    /**
     * How long it trains.
     *
     * @param epochs how often it sees each sample
     * @param seconds it stops after this time
     */
    record Length(int epochs, double seconds, long seed) {}

    /**
     * What came of it; the network has the state of the best point.
     *
     * @param end why there were no more steps, empty if all were made
     */
    record Course(List<TrainedCorrection.Point> points, TrainedCorrection.Point best, Optional<String> end) {}

    /** The loss on the held-out samples now. */
    double measure(CancelToken cancel) {
        return measure(network, cancel);
    }

    /** The loss of another network on the same samples. */
    double measure(Network other, CancelToken cancel) {
        Loss.Sum sum = new Loss.Sum(0, 0);
        for (int from = 0; from < heldOut.length; from += other.batch) {
            int[] samples = Arrays.copyOfRange(heldOut, from, Math.min(heldOut.length, from + other.batch));
            pool.feed(other, samples);
            float[] got = other.forward(cancel);
            int rows = samples.length * pool.answersEach() / classes;
            sum = sum.plus(loss.of(got, pool.answers(samples), pool.labels(samples), rows, classes, 1, new float[0]));
        }
        return sum.mean();
    }

    Course run(Length length, TrainedCorrection.Watch watch, Progress progress, CancelToken cancel) {
        long begin = System.nanoTime();
        int batch = Math.min(network.batch, trained.length);
        int each = trained.length / batch;
        int steps = Math.multiplyExact(each, length.epochs);
        int every = Math.max(1, steps / MEASUREMENTS);
        Random random = new Random(length.seed);
        List<TrainedCorrection.Point> points = new ArrayList<>();
        TrainedCorrection.Point best = point(0, steps, begin, cancel);
        points.add(best);
        watch.measured(best);
        Network.State kept = network.state();
        String end = null;
        int[] samples = new int[batch];
        for (int step = 0; step < steps && end == null; ) {
            cancel.check();
            if (step % each == 0) {
                shuffle(random);
            }
            System.arraycopy(trained, step % each * batch, samples, 0, batch);
            step(samples, schedule(step, steps), cancel);
            step++;
            if (watch.stopped()) {
                end = "stopped by hand after " + step + " of " + steps + " steps";
            } else if ((System.nanoTime() - begin) / 1e9 > length.seconds) {
                end = "stopped at its time limit after " + step + " of " + steps + " steps";
            }
            if (step % every == 0 || step == steps || end != null) {
                TrainedCorrection.Point now = point(step, steps, begin, cancel);
                points.add(now);
                watch.measured(now);
                if (now.loss() < best.loss()) {
                    best = now;
                    kept = network.state();
                }
            }
            progress.report(step, steps, said(step, steps, points.getLast(), best));
        }
        network.restore(kept);
        return new Course(points, best, Optional.ofNullable(end));
    }

    private static String said(int step, int steps, TrainedCorrection.Point now, TrainedCorrection.Point best) {
        return String.format(
                Locale.ROOT, "step %d of %d, held-out loss %.4g, best %.4g", step, steps, now.loss(), best.loss());
    }

    private static double schedule(int step, int steps) {
        return LAST + (1 - LAST) * 0.5 * (1 + Math.cos(Math.PI * step / steps));
    }

    private TrainedCorrection.Point point(int step, int steps, long begin, CancelToken cancel) {
        double now = measure(cancel);
        return new TrainedCorrection.Point(
                step, steps, Double.isNaN(now) ? Double.POSITIVE_INFINITY : now, (System.nanoTime() - begin) / 1e9);
    }

    private void shuffle(Random random) {
        for (int i = trained.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int kept = trained[i];
            trained[i] = trained[j];
            trained[j] = kept;
        }
    }

    private void step(int[] samples, double schedule, CancelToken cancel) {
        pool.feed(network, samples);
        float[] got = network.forward(cancel);
        int rows = samples.length * pool.answersEach() / classes;
        float[] gradient = new float[got.length];
        loss.of(got, pool.answers(samples), pool.labels(samples), rows, classes, Loss.TEMPERATURE, gradient);
        network.backward(gradient, cancel);
        network.step(schedule);
    }
}
