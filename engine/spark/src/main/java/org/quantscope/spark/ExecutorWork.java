package org.quantscope.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.correction.CorrectionUnavailableException;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sweep.Expansion;
import org.quantscope.core.sweep.PlanReader;
import org.quantscope.core.sweep.SharedWork;
import org.quantscope.core.sweep.SweepPlan;
import org.quantscope.core.sweep.SweepPoint;
import org.quantscope.core.sweep.SweepRow;

/**
 * What the tasks of one process share: the plan, and as many sets of opened models and evaluators as tasks run at once. It
 * lives as long as its process. Each task computes on one thread: the others are for other tasks.
 */
final class ExecutorWork {
    private static final int THREADS = 1;
    private static final CancelToken NEVER = new CancelToken();

    /** That of the plan that was asked for last. */
    private static @Nullable ExecutorWork current;

    private final PlanRef ref;
    private final SweepPlan plan;
    private final List<SweepPoint> points;
    private final ConcurrentLinkedDeque<SharedWork> idle = new ConcurrentLinkedDeque<>();

    private ExecutorWork(PlanRef ref) throws IOException {
        this.ref = ref;
        this.plan = PlanReader.read(Path.of(ref.file()), NEVER);
        if (!plan.sha256().equals(ref.sha256())) {
            throw new BadInputException(
                    plan.file(),
                    "content",
                    "is not the plan that the driver has read: every machine must see the same");
        }
        this.points = Expansion.of(plan);
    }

    private static synchronized ExecutorWork of(PlanRef ref) throws IOException {
        ExecutorWork there = current;
        if (there == null || !there.ref.equals(ref)) {
            there = new ExecutorWork(ref);
            current = there;
        }
        return there;
    }

    /** The row of a point. */
    static SweepRow row(PlanRef ref, int point, Map<String, byte[]> seen) {
        try {
            ExecutorWork here = of(ref);
            return here.with(seen, work -> work.row(here.points.get(point), NEVER));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a part of the calibration data shows, as the bytes of its file; none if it cannot be looked at. */
    static byte[] observed(PlanRef ref, int point, int shard) {
        try {
            ExecutorWork here = of(ref);
            return here.with(Map.of(), work -> SketchBytes.write(work.observed(here.points.get(point), shard, NEVER)));
        } catch (BadInputException | CorrectionUnavailableException | IllegalArgumentException e) {
            return new byte[0];
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Something to be done with a set of opened models. */
    @FunctionalInterface
    private interface Use<T> {
        T of(SharedWork work) throws IOException;
    }

    private <T> T with(Map<String, byte[]> seen, Use<T> use) throws IOException {
        SharedWork free = idle.pollFirst();
        SharedWork work = free == null ? new SharedWork(plan, THREADS, setup -> known(seen, setup)) : free;
        boolean whole = false;
        try {
            T result = use.of(work);
            whole = true;
            return result;
        } finally {
            if (whole) {
                idle.addFirst(work);
            } else {
                work.close();
            }
        }
    }

    private static Optional<ActivationSketches> known(Map<String, byte[]> seen, String setup) {
        byte[] bytes = seen.get(setup);
        if (bytes == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(SketchBytes.read(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
