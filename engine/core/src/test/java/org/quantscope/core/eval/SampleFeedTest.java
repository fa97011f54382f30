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
        assertThat(large.options(OrtModel.Options.DEFAULT)).isEqualTo(new OrtModel.Options(2, true, false));
        assertThat(large.options(OrtModel.Options.DEFAULT).withoutFusing().keepMemory())
                .isFalse();
    }
}
