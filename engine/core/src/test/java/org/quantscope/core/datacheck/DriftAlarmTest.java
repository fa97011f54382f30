package org.quantscope.core.datacheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.TensorId;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DriftAlarmTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final CancelToken NEVER = new CancelToken();
    private static final int WINDOW = 50;

    @TempDir
    Path folder;

    private Model model;
    private Dataset calibration;
    private Dataset test;
    private Observed seen;
    private ResolvedSettings settings;
    private DriftAlarm rule;

    @BeforeAll
    void open() throws IOException {
        Path file = SAMPLES.resolve("digits_mlp.onnx");
        model = Engine.analysed(Engine.open(file, true));
        calibration = Datasets.open(SAMPLES.resolve("digits_calibration.npz"));
        test = Datasets.open(SAMPLES.resolve("digits_test.npz"));
        seen = Engine.observe(model, calibration, Progress.NONE, NEVER);
        SessionState state = SessionState.of(FileRef.ofModel(file, NEVER))
                .withWeights(Optional.of(QuantSpec.WEIGHTS))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        settings = Engine.resolve(model, state, Calibration.of(seen), Progress.NONE, NEVER);
        rule = learn(WINDOW, 0.01);
    }

    private DriftAlarm learn(int window, double falseAlarms) {
        return DriftAlarm.learn(
                model, calibration, seen.sketches(), settings, window, falseAlarms, 1, Progress.NONE, NEVER);
    }

    private static Dataset part(Dataset data, int from, int to) {
        return SampleSubset.of(data, IntStream.range(from, to).toArray());
    }

    private DriftAlarm.Look look(Dataset window) {
        return rule.stream().add(window, Progress.NONE, NEVER).orElseThrow();
    }

    /** Ten windows that the rule has never seen give at most one alarm, and as many of worse samples all of them do. */
    @Test
    void anAlarmIsGivenWhereDataHasMovedAndHardlyElsewhere() {
        Dataset worse = Datasets.corrupted(test, Optional.of(Corrupted.parse("noise:4")));
        int alarms = 0;
        for (int from = 0; from < 500; from += WINDOW) {
            alarms += look(part(test, from, from + WINDOW)).alarm() ? 1 : 0;
            assertThat(look(part(worse, from, from + WINDOW)).alarm()).isTrue();
        }
        assertThat(alarms).isLessThanOrEqualTo(1);
        // Fewer false alarms need a higher threshold.
        assertThat(learn(WINDOW, 0.2).threshold()).isLessThan(rule.threshold());
    }

    /** What has left the window has left no trace, and as much is held after 500 samples as after the first window. */
    @Test
    void aStreamLooksAtItsNewestSamplesOnly() {
        DriftAlarm.Stream stream = rule.stream();
        assertThat(stream.add(part(test, 0, WINDOW - 1), Progress.NONE, NEVER)).isEmpty();
        assertThat(stream.add(part(test, WINDOW - 1, WINDOW), Progress.NONE, NEVER))
                .isPresent();
        long held = stream.held();
        for (int from = WINDOW; from < 500; from += 30) {
            Optional<DriftAlarm.Look> last =
                    stream.add(part(test, from, Math.min(500, from + 30)), Progress.NONE, NEVER);
            int end = Math.min(500, from + 30);
            assertThat(last).hasValue(look(part(test, end - WINDOW, end)));
        }
        assertThat(stream.seen()).isEqualTo(500);
        assertThat(stream.held()).isEqualTo(held);
    }

    /** Values in bins, clipped and not finite, against a count by hand on what the model gets. */
    @Test
    void samplesAreCountedValueByValue() {
        TensorId input = model.graph().orElseThrow().activations().getFirst().id();
        float[] pixels = new float[64 * WINDOW];
        test.fill(IntStream.range(0, WINDOW).toArray(), pixels);
        for (int i = 0; i < 7; i++) {
            pixels[i] = i < 2 ? Float.NaN : 40;
        }
        Dataset changed = new ChangedSamples(
                part(test, 0, WINDOW), i -> true, (i, v) -> System.arraycopy(pixels, 64 * i, v, 0, 64));
        DriftAlarm.Look look = look(changed);

        Drift.Of of = look.tensors().stream()
                .filter(t -> t.id().equals(input))
                .findFirst()
                .orElseThrow();
        assertThat(of.notFinite()).isEqualTo(2);
        assertThat(of.outside()).hasValue(5.0 / (64 * WINDOW - 2));
        assertThat(of.outsideCalibration()).hasValue(0);
    }

    @Test
    void aWindowNeedsTwiceAsManySamplesToLearnFrom() {
        assertThatThrownBy(() -> learn(129, 0.01))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("at least 258")
                .hasMessageContaining("256");
        assertThatThrownBy(() -> learn(7, 0.01)).hasMessageContaining("got 7");
    }

    private Path put(String data, String name) throws IOException {
        return Files.copy(SAMPLES.resolve(data + ".npz"), folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    /** New files and new samples of old files, each once. */
    @Test
    void onlyWhatIsNewIsTaken() throws IOException {
        GrowingData growing = new GrowingData(folder, calibration);
        assertThat(growing.fresh(false, NEVER).batches()).isEmpty();
        put("digits_calibration", "b.npz");

        GrowingData.Batch first = growing.fresh(false, NEVER).batches().getFirst();
        assertThat(first.name()).isEqualTo("b.npz");
        assertThat(first.data().size()).isEqualTo(256);
        float[] got = new float[64];
        first.data().fill(new int[] {3}, got);
        float[] known = new float[64];
        calibration.fill(new int[] {3}, known);
        assertThat(got).isEqualTo(known);
        assertThat(growing.fresh(false, NEVER).batches()).isEmpty();

        // The file now has 500 samples: 244 are new. And another came.
        put("digits_test", "b.npz");
        put("digits_calibration", "a.npz");
        assertThat(growing.fresh(false, NEVER).batches())
                .extracting(b -> b.name() + " " + b.data().size())
                .containsExactly("a.npz 256", "b.npz 244");

        // Fewer than before, and a broken one: told once, and the rest goes on.
        put("digits_calibration", "b.npz");
        Files.writeString(folder.resolve("c.npz"), "half");
        put("digits_calibration", "d.npz");
        GrowingData.Fresh fresh = growing.fresh(false, NEVER);
        assertThat(fresh.problems()).hasSize(2);
        assertThat(fresh.problems().getFirst()).hasMessageContaining("had 500 and now has 256");
        assertThat(fresh.batches()).extracting(GrowingData.Batch::name).containsExactly("d.npz");
        assertThat(growing.fresh(false, NEVER).problems()).isEmpty();
    }

    /** A file that may be half written waits until it is the same at two looks. */
    @Test
    void aFileThatMayBeHalfWrittenWaits() throws IOException {
        Path place = Files.createDirectory(folder.resolve("in"));
        GrowingData growing = new GrowingData(place, calibration);
        Files.writeString(place.resolve("a.npz"), "half");
        assertThat(growing.fresh(true, NEVER)).isEqualTo(new GrowingData.Fresh(List.of(), List.of()));
        put("digits_calibration", "in/a.npz");
        assertThat(growing.fresh(true, NEVER).batches()).isEmpty();
        assertThat(growing.fresh(true, NEVER).batches()).hasSize(1);

        Path other = Files.createDirectory(folder.resolve("pictures"));
        Files.writeString(other.resolve("cat.png"), "");
        assertThatThrownBy(() -> new GrowingData(other, calibration)).hasMessageContaining("cat.png");
        assertThatThrownBy(() -> new GrowingData(folder.resolve("none"), calibration))
                .hasMessageContaining("does not exist");
    }
}
