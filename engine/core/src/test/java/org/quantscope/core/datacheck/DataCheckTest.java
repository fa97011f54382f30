package org.quantscope.core.datacheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DataCheckTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final CancelToken NEVER = new CancelToken();

    private Model model;
    private Dataset data;

    @BeforeAll
    void open() throws IOException {
        model = Engine.analysed(Engine.open(SAMPLES.resolve("digits_mlp.onnx"), true));
        data = Datasets.open(SAMPLES.resolve("digits_calibration.npz"));
    }

    private DataCheck check(Dataset some) {
        return DataCheck.of(model, some, QuantSpec.ACTIVATIONS, Progress.NONE, NEVER);
    }

    private Dataset with(int which, ChangedSamples.Change change) {
        return new ChangedSamples(data, i -> i == which, change);
    }

    /** 20 trials, each with another sample and another kind of damage in turn. */
    @Test
    void theOneCorruptSampleIsNamedFirst() {
        for (int trial = 0; trial < 20; trial++) {
            Random random = new Random(trial);
            int which = random.nextInt(data.size());
            int kind = trial % 5;
            DataCheck found = check(with(which, (sample, v) -> {
                for (int i = 0; i < v.length; i++) {
                    v[i] = switch (kind) {
                        case 0 -> random.nextFloat();
                        case 1 -> 1 - v[i];
                        case 2 -> 0;
                        case 3 -> v[i] * 10;
                        default -> random.nextInt(5) == 0 ? random.nextInt(2) : v[i];
                    };
                }
            }));
            assertThat(found.odd().getFirst().index())
                    .as("trial %d, kind %d: %s", trial, kind, found.odd().getFirst())
                    .isEqualTo(which);
        }
    }

    private static void stripes(float[] v) {
        for (int i = 0; i < v.length; i++) {
            v[i] = i % 7 == 0 ? 1 : 0;
        }
    }

    @Test
    void aSampleThatSetsRangesIsCountedAndSaid() {
        DataCheck found = check(with(41, (sample, v) -> {
            for (int i = 0; i < v.length; i++) {
                v[i] *= 10;
            }
        }));

        DataCheck.Odd first = found.odd().getFirst();
        assertThat(first.index()).isEqualTo(41);
        assertThat(first.moved()).isEqualTo(found.tensors().size()).isGreaterThan(1);
        assertThat(found.tensors()).allSatisfy(of -> {
            assertThat(of.setBy()).isEqualTo(41);
            assertThat(of.narrowed()).isGreaterThan(DataCheck.MOVED);
        });
        assertThat(found.sentence()).contains("Sample 41 alone widens " + first.moved() + " ranges");
    }

    @Test
    void rangesAreThoseOfCalibrationAndGrowWithTheSamples() {
        DataCheck found = check(data);
        Map<TensorId, MomentSketch> sketches =
                Engine.observe(model, data, Progress.NONE, NEVER).sketches();

        assertThat(found.samples()).isEqualTo(data.size());
        for (DataCheck.Settling of : found.tensors()) {
            MomentSketch sketch = sketches.get(of.id());
            assertThat(of.range()).isEqualTo(new ClipRange(Math.min(0, sketch.min()), Math.max(0, sketch.max())));
            double before = 0;
            for (ClipRange range : of.at().values()) {
                double width = (double) range.hi() - range.lo();
                assertThat(width).isGreaterThanOrEqualTo(before);
                before = width;
            }
            assertThat(of.at()).containsEntry(data.size(), of.range()).containsKey(8);
        }
    }

    /** Samples that are all alike: the first few are enough. */
    @Test
    void fewAreEnoughWhereAllAreAlike() {
        float[] one = new float[64];
        data.fill(new int[] {0}, one);
        DataCheck found =
                check(new ChangedSamples(data, i -> true, (i, v) -> System.arraycopy(one, 0, v, 0, one.length)));

        assertThat(found.enough()).hasValue(8);
        assertThat(found.sentence()).startsWith("8 of 256 samples are enough for 8 bits.");
    }

    @Test
    void aSampleWithoutNumbersComesFirst() {
        DataCheck found = check(with(7, (sample, v) -> Arrays.fill(v, Float.NaN)));

        assertThat(found.odd().getFirst().index()).isEqualTo(7);
        assertThat(found.odd().getFirst().why()).isEqualTo("has values that are no finite numbers");
    }

    /** Copies of one odd sample are equally odd: none hides another. */
    @Test
    void everyCopyOfAnOddSampleIsNamed() {
        DataCheck found = check(new ChangedSamples(data, i -> i % 100 == 41, (sample, v) -> stripes(v)));
        DataCheck broken = check(new ChangedSamples(data, i -> i % 100 == 5, (s, v) -> Arrays.fill(v, Float.NaN)));

        assertThat(found.odd()).extracting(DataCheck.Odd::index).contains(41, 141, 241);
        assertThat(broken.odd()).extracting(DataCheck.Odd::index).startsWith(5, 105, 205);
    }

    /** Width and error come near those of all samples, within the interval of the orders. */
    @Test
    void theCourseEndsAtOneAndItsIntervalCloses() {
        for (DataCheck.Settling of : check(data).tensors()) {
            assertThat(of.course().keySet()).isEqualTo(of.at().keySet());
            DataCheck.Course last = of.course().lastEntry().getValue();
            assertThat(last.width()).isEqualTo(new DataCheck.Interval(1, 1, 1));
            assertThat(last.error()).isEqualTo(new DataCheck.Interval(1, 1, 1));
            of.course().values().forEach(c -> {
                assertThat(c.width().low()).isLessThanOrEqualTo(c.width().middle());
                assertThat(c.width().high()).isBetween(c.width().middle(), 1.0);
                assertThat(c.error().high()).isGreaterThanOrEqualTo(c.error().middle());
            });
            double full = (double) of.range().hi() - of.range().lo();
            double left = (double) of.without().hi() - of.without().lo();
            assertThat(1 - left / full).isCloseTo(of.narrowed(), within(1e-12));
        }
    }

    /** Samples are named by their place in the file, also where others have been left out. */
    @Test
    void numbersAreThoseOfTheFile() {
        Dataset broken = with(200, (s, v) -> Arrays.fill(v, Float.NaN));

        DataCheck found = check(SampleSubset.dropping(broken, new TreeSet<>(Set.of(3, 100, 255))));

        assertThat(found.samples()).isEqualTo(253);
        assertThat(found.odd().getFirst().index()).isEqualTo(200);
    }

    @Test
    void stopsWhenCancelled() {
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        assertThatThrownBy(() -> DataCheck.of(model, data, QuantSpec.ACTIVATIONS, Progress.NONE, cancel))
                .isInstanceOf(CancellationException.class);
    }
}
