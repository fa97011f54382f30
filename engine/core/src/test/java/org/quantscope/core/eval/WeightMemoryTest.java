package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.HugeModel;
import org.quantscope.core.tensor.Shape;

/** What a model needs of the computer's memory is said before it is asked for. */
class WeightMemoryTest {
    @TempDir
    private Path folder;

    @Test
    void theSentenceSaysWhatIsNeededAndWhatIsFree() throws IOException {
        Model model = HugeModel.of(2, folder);

        assertThatThrownBy(() -> WeightMemory.check(model, 3, "evaluation", 6L << 30))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("memory: evaluation holds the 4,095 MB of the model's values 3 times beside the"
                        + " file, 12,287 MB in all, and 6,144 MB are free; close other programs");
        assertThatThrownBy(() -> WeightMemory.check(model, 1, "calibration", 1L << 30))
                .hasMessageContaining("values once beside");
        assertThatCode(() -> WeightMemory.check(model, 1, "calibration", 6L << 30))
                .doesNotThrowAnyException();
    }

    /** 600 GB: no value of it may be touched. */
    @Test
    void noWorkBeginsThatTheMemoryDoesNotHold() throws IOException {
        Model model = HugeModel.of(300, folder);
        Dataset data = MemoryData.unlabelled(4, Shape.of(2));

        for (ThrowingCallable work : List.<ThrowingCallable>of(
                () -> Engine.evaluator(model, data, Optional.empty()),
                () -> Engine.observe(model, data, Progress.NONE, new CancelToken()),
                () -> new LayerComparison(model, data, 1))) {
            assertThatThrownBy(work).isInstanceOf(BadInputException.class).hasMessageContaining("memory: ");
        }
    }
}
