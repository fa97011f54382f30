package org.quantscope.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.sweep.SweepFolder;
import org.quantscope.core.sweep.SweepRun;

/** On a cluster of Spark's own kind, a master and two workers on loopback, started by the scripts of the installed tree. */
class SparkSweepTest {
    private static final Path HOME = Path.of(System.getProperty("quantscope.spark.home"));
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final long LIMIT_SECONDS = 300;

    @TempDir
    private Path folder;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (Process process : started) {
            killed(process);
        }
    }

    /** Ends a process and all that it has started at once, as a power cut would. */
    private static void killed(Process process) throws InterruptedException {
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        process.waitFor();
    }

    private Process start(String name, String script, Object... args) throws IOException {
        List<String> command =
                new ArrayList<>(List.of(HOME.resolve("bin").resolve(script).toString()));
        Stream.of(args).map(Object::toString).forEach(command::add);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(folder.resolve(name + ".out").toFile())
                .redirectError(folder.resolve(name + ".err").toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment()
                .put("QUANTSCOPE_SPARK_WORK", folder.resolve("work-" + name).toString());
        Process process = builder.start();
        started.add(process);
        return process;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Path plan(String bits) throws IOException {
        return Files.writeString(folder.resolve("plan.json"), """
            {"format": "quantscope-sweep", "version": 1, "shards": 2, "calibration_shards": 3,
             "models": [{"file": "%1$s/digits_mlp.onnx", "data": "%1$s/digits_test.npz",
                         "calibration_data": "%1$s/digits_calibration.npz", "limit": 100}],
             "axes": {"weights": [%2$s], "activations": ["float", 8], "granularity": ["tensor", "channel"],
                      "calibrator": ["minmax", "mse"], "scheme": ["uniform", "nvfp4"]}}
            """.formatted(SAMPLES, bits));
    }

    private static int rows(Path out) throws IOException {
        Path file = out.resolve(SweepFolder.ROWS);
        return Files.exists(file) ? Files.readAllLines(file).size() : 0;
    }

    private void await(Path out, int rows, Process driver) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (rows(out) < rows) {
            assertThat(driver.isAlive()).as(said("driver")).isTrue();
            assertThat(System.nanoTime()).as("rows in time").isLessThan(end);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private String said(String name) throws IOException {
        return Files.readString(folder.resolve(name + ".out")) + Files.readString(folder.resolve(name + ".err"));
    }

    @Test
    void aKilledWorkerAndAKilledDriverCostOnlyWhatTheyWereAt() throws Exception {
        Path plan = plan("3, 4, 5, 6");
        Path here = folder.resolve("here");
        SweepRun.Outcome one =
                SweepRun.run(plan, here, SweepRun.here(2, new CancelToken()), (d, t, w) -> {}, new CancelToken());
        // nvfp4 has scales of its own kind and 4 bits.
        assertThat(one.refused()).isPositive().isLessThan(one.points());
        String master = "spark://127.0.0.1:" + freePort();
        start("master", "quantscope-spark-node", "master", "127.0.0.1", master.substring(master.lastIndexOf(':') + 1));
        start("left", "quantscope-spark-node", "worker", master);
        Process right = start("right", "quantscope-spark-node", "worker", master);
        Path out = folder.resolve("out");

        Process driver = start("driver", "quantscope-spark", "--master", master, "-o", out, plan, "--json");
        await(out, 6, driver);
        killed(right);
        await(out, 20, driver);
        killed(driver);
        int left = rows(out);
        assertThat(left).isBetween(20, one.points() - 1);
        driver = start("driver", "quantscope-spark", "--master", master, "-o", out, plan, "--json");

        assertThat(driver.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(driver.exitValue()).as(said("driver")).isZero();
        assertThat(Files.readString(folder.resolve("driver.out")))
                .startsWith("{\"points\":" + one.points() + ",\"done\":" + (one.points() - left) + ",\"skipped\":"
                        + left + ",\"refused\":" + one.refused() + ",\"seconds\":")
                .hasLineCount(1);
        for (String file : List.of(SweepFolder.ROWS, SweepFolder.WHOLE)) {
            assertThat(out.resolve(file)).hasSameTextualContentAs(here.resolve(file));
        }
        assertThat(IntStream.range(0, one.points()).boxed().toList()).hasSize(rows(out));
    }

    @Test
    void theLauncherRefusesWhatItDoesNotKnow() {
        assertThat(SparkOptions.parse("--master", "local[2]", "-o", "d", "p.json", "--json"))
                .isEqualTo(new SparkOptions("local[2]", Path.of("d"), Path.of("p.json"), true));
        assertThatThrownBy(() -> SparkOptions.parse("p.json", "-o", "d"))
                .hasMessageStartingWith("usage: quantscope-spark --master URL");
        assertThatThrownBy(() -> SparkOptions.parse("--master")).hasMessageStartingWith("--master needs a value");
        assertThatThrownBy(() -> SparkOptions.parse("--fast")).hasMessageStartingWith("--fast is not known here");
    }
}
