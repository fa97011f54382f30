package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;

class SampleFeedTest {
    @TempDir
    private Path folder;

    private Model fixed(long batch) throws IOException {
        return new TinyOnnx(13)
                .input("x", batch, 4)
                .output("y", batch, 4)
                .node("Relu", List.of("x"), List.of("y"))
                .open(folder);
    }

    /** A file says a batch of billions as easily as one of four; every one of its values would be fed. */
    @Test
    void aFixedBatchThatNoMemoryHoldsIsRefusedBeforeItIsMade() throws IOException {
        MemoryData data = new MemoryData(10, Shape.of(4), i -> 0);
        for (long batch : new long[] {1L << 28, 1L << 40, Long.MAX_VALUE / 8}) {
            Model model = fixed(batch);

            assertThatThrownBy(() -> SampleFeed.of(model, data))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("x: a batch of " + batch + " samples of 4 values in all is too large");
        }
    }

    @Test
    void largeSamplesKeepNoMemoryBetweenRuns() throws IOException {
        Model few = fixed(4);
        SampleFeed small = SampleFeed.of(few, new MemoryData(4, Shape.of(4), i -> 0));
        assertThat(small.isLarge()).isFalse();
        assertThat(small.options(OrtModel.Options.DEFAULT)).isEqualTo(OrtModel.Options.DEFAULT);

        // A batch that the model fixes counts as a whole.
        SampleFeed large = SampleFeed.of(fixed(1 << 20), new MemoryData(4, Shape.of(4), i -> 0));
        assertThat(large.isLarge()).isTrue();
        assertThat(large.options(OrtModel.Options.DEFAULT)).isEqualTo(OrtModel.Options.DEFAULT.withoutMemory());
        assertThat(large.options(OrtModel.Options.DEFAULT).withoutFusing().keepMemory())
                .isFalse();
    }

    /** Small samples of which the network makes much: 4 values become 2 · 8192 at a time. */
    private Model wide(long batch) throws IOException {
        return new TinyOnnx(13)
                .input("x", batch, 4)
                .output("y", batch, 4)
                .randomWeight("up", Shape.of(4, 8192), -1, 1)
                .randomWeight("down", Shape.of(8192, 4), -1, 1)
                .node("MatMul", List.of("x", "up"), List.of("h"))
                .node("Relu", List.of("h"), List.of("r"))
                .node("MatMul", List.of("r", "down"), List.of("y"))
                .open(folder);
    }

    @Test
    void aBatchIsAsLargeAsTheMemoryForItsValuesInsideTheNetworkAllows() throws IOException {
        Model model = wide(-1);
        MemoryData data = new MemoryData(1000, Shape.of(4), i -> 0);
        long sample = 2 * 8192 * 4;

        assertThat(SampleFeed.of(model, data).batchSize()).isEqualTo(100);
        assertThat(SampleFeed.of(model, data, 16 * 10 * sample).batchSize()).isEqualTo(10);
        assertThat(SampleFeed.of(model, data, 2 * sample).batchSize()).isEqualTo(1);
        assertThat(SampleFeed.of(wide(7), data, 16 * 10 * sample).batchSize()).isEqualTo(7);
    }

    @Test
    void whatDoesNotFitIsSaidBeforeTheWork() throws IOException {
        MemoryData data = new MemoryData(1000, Shape.of(4), i -> 0);
        Model free = wide(-1);

        assertThatThrownBy(() -> SampleFeed.of(free, data, 60_000))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("memory: one sample of x 1×4 needs 64 kB for what the network computes of it at a"
                        + " time, and 58 kB are free");
        Model fixed = wide(1000);
        assertThatThrownBy(() -> SampleFeed.of(fixed, data, 60_000_000))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("memory: a batch of 1,000 samples of x 1000×4 needs 62 MB")
                .hasMessageContaining("57 MB are free")
                .hasMessageContaining("a model with a free batch size");
    }

    /** One sample alone is more than batches should need. */
    @Test
    void aSampleOfWhichTheNetworkMakesMuchIsLarge() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 1, 64, 64)
                .output("y", -1, 20, 1024, 1024)
                .weight("none", Shape.of(0))
                .weight("scales", Shape.of(4), 1, 20, 16, 16)
                .node("Resize", List.of("x", "none", "scales"), List.of("big"))
                .node("Relu", List.of("big"), List.of("y"))
                .open(folder);

        SampleFeed feed = SampleFeed.of(model, new MemoryData(4, Shape.of(1, 64, 64), i -> 0));

        assertThat(feed.batchSize()).isEqualTo(1);
        assertThat(feed.isLarge()).isTrue();
    }
}
