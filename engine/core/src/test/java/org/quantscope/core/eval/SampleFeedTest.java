package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
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
}
