package org.quantscope.spark;

import java.io.IOException;
import java.io.Serial;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sweep.Shards;
import org.quantscope.core.sweep.SharedWork;
import org.quantscope.core.sweep.SweepPlan;
import org.quantscope.core.sweep.SweepPoint;
import org.quantscope.core.sweep.SweepRow;
import org.quantscope.core.sweep.SweepRun;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction1;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/**
 * Evaluates points on Spark. An executor reads the plan, the models and the data from their paths, which all machines must
 * see, and keeps what its points share. What is sent is the number of a point, and its row comes back; the driver writes it
 * as soon as it is there. If the calibration data is divided, its parts are looked at first, each by whoever is free, and
 * added up in their order.
 */
final class SparkWork implements SweepRun.Work {
    /** More tasks cost the driver more than they spread the work. */
    private static final int MOST_TASKS = 20_000;

    /** A point that ends its process, such as one that needs more memory than there is, is given up after so many tries. */
    private static final String TRIES = "8";

    private static final long LOOK_MILLIS = 100;

    private final String master;
    private final CancelToken cancel;

    SparkWork(String master, CancelToken cancel) {
        this.master = master;
        this.cancel = cancel;
    }

    /**
     * Everything stays on the machines of the cluster: no page is served. The driver listens on loopback unless it is told
     * otherwise with {@code QUANTSCOPE_SPARK_HOST}, which a cluster of several machines needs.
     */
    private SparkConf conf() {
        SparkConf conf = new SparkConf()
                .setMaster(master)
                .setAppName("quantscope sweep")
                .set("spark.ui.enabled", "false")
                .set("spark.ui.showConsoleProgress", "false")
                .set("spark.eventLog.enabled", "false")
                .set("spark.executor.cores", "1")
                .set("spark.task.maxFailures", TRIES)
                .set("spark.executor.extraJavaOptions", System.getProperty("quantscope.spark.executor", ""))
                .setIfMissing("spark.executor.memory", "1g");
        String host = System.getenv().getOrDefault("QUANTSCOPE_SPARK_HOST", "127.0.0.1");
        return conf.set("spark.driver.host", host).set("spark.driver.bindAddress", host);
    }

    @Override
    public void run(SweepPlan plan, List<SweepPoint> points, SweepRun.Sink rows) throws IOException {
        cancel.check();
        try (JavaSparkContext spark = new JavaSparkContext(conf());
                ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor()) {
            ScheduledFuture<?> looking = watch.scheduleWithFixedDelay(
                    () -> {
                        if (cancel.isCancelled()) {
                            spark.sc().cancelAllJobs();
                        }
                    },
                    LOOK_MILLIS,
                    LOOK_MILLIS,
                    TimeUnit.MILLISECONDS);
            PlanRef ref = new PlanRef(plan.file().toString(), plan.sha256());
            Broadcast<HashMap<String, byte[]>> seen = spark.broadcast(seen(spark, ref, plan, points));
            evaluate(spark, ref, points, seen, rows);
            looking.cancel(false);
        } catch (CancellationException e) {
            throw e;
        } catch (Exception e) {
            cancel.check();
            throw e;
        }
    }

    /** What the parts of the calibration data show, added up, by the name of the setup. */
    private static HashMap<String, byte[]> seen(
            JavaSparkContext spark, PlanRef ref, SweepPlan plan, List<SweepPoint> points) throws IOException {
        HashMap<String, byte[]> seen = new HashMap<>();
        if (plan.calibrationShards() == 1) {
            return seen;
        }
        Map<String, SweepPoint> setups = new LinkedHashMap<>();
        for (SweepPoint point : points) {
            if (point.model().calibrationData().isPresent()) {
                SharedWork.setup(point).ifPresent(setup -> setups.putIfAbsent(setup, point));
            }
        }
        List<Part> parts = new ArrayList<>();
        setups.forEach((setup, point) -> {
            for (int shard = 0; shard < plan.calibrationShards(); shard++) {
                parts.add(new Part(setup, point.number(), shard));
            }
        });
        if (parts.isEmpty()) {
            return seen;
        }
        List<byte[]> shown = spark.parallelize(parts, Math.min(parts.size(), MOST_TASKS))
                .map(part -> ExecutorWork.observed(ref, part.point, part.shard))
                .collect();
        int at = 0;
        for (String setup : setups.keySet()) {
            List<ActivationSketches> all = new ArrayList<>();
            for (byte[] bytes : shown.subList(at, at + plan.calibrationShards())) {
                if (bytes.length > 0) {
                    all.add(SketchBytes.read(bytes));
                }
            }
            at += plan.calibrationShards();
            // Where a part could not be looked at, its points say why.
            if (all.size() == plan.calibrationShards()) {
                seen.put(setup, SketchBytes.write(Shards.mergedSketches(all)));
            }
        }
        return seen;
    }

    private static void evaluate(
            JavaSparkContext spark,
            PlanRef ref,
            List<SweepPoint> points,
            Broadcast<HashMap<String, byte[]>> seen,
            SweepRun.Sink rows) {
        List<Integer> numbers = points.stream().map(SweepPoint::number).toList();
        JavaRDD<Integer> tasks = spark.parallelize(new ArrayList<>(numbers), Math.min(numbers.size(), MOST_TASKS));
        ClassTag<ArrayList<SweepRow>> tag = ClassTag$.MODULE$.apply(ArrayList.class);
        spark.sc().runJob(tasks.rdd(), new Evaluate(ref, seen), new Hand(rows), tag);
    }

    /** A part of the calibration data of a setup. */
    private record Part(String setup, int point, int shard) implements Serializable {}

    /** Runs on an executor. */
    private static final class Evaluate
            extends AbstractFunction1<scala.collection.Iterator<Integer>, ArrayList<SweepRow>> implements Serializable {
        @Serial
        private static final long serialVersionUID = 1;

        private final PlanRef plan;
        private final Broadcast<HashMap<String, byte[]>> seen;

        Evaluate(PlanRef plan, Broadcast<HashMap<String, byte[]>> seen) {
            this.plan = plan;
            this.seen = seen;
        }

        @Override
        public ArrayList<SweepRow> apply(scala.collection.Iterator<Integer> points) {
            ArrayList<SweepRow> rows = new ArrayList<>();
            while (points.hasNext()) {
                rows.add(ExecutorWork.row(plan, points.next(), seen.value()));
            }
            return rows;
        }
    }

    /** Runs in the driver, for one task after the other. */
    private static final class Hand extends AbstractFunction2<Object, ArrayList<SweepRow>, BoxedUnit> {
        private final SweepRun.Sink rows;

        Hand(SweepRun.Sink rows) {
            this.rows = rows;
        }

        @Override
        public BoxedUnit apply(Object task, ArrayList<SweepRow> done) {
            try {
                for (SweepRow row : done) {
                    rows.add(row);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return BoxedUnit.UNIT;
        }
    }
}
