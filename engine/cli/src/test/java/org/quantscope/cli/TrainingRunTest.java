package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.quantscope.core.Engine;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;

class TrainingRunTest {
    /** A person presses Ctrl-C before training begins, or once it has. */
    private static final class Pressed implements TrainedCorrection {
        private final CancelToken ctrlC;
        private final boolean late;
        private boolean stopped;
        private boolean cancelled;

        Pressed(CancelToken ctrlC, boolean late) {
            this.ctrlC = ctrlC;
            this.late = late;
        }

        @Override
        public Training train(Input input, Watch watch, Progress progress, CancelToken cancel) {
            Course course = new Course("nats", 9, 1, OptionalDouble.empty());
            if (late) {
                watch.begun(course);
            }
            ctrlC.cancel();
            stopped = watch.stopped();
            cancelled = cancel.isCancelled();
            cancel.check();
            Point only = new Point(0, 5, 0.25, 0);
            return new Training(
                    new Output(input.model(), List.of(), List.of()),
                    course,
                    List.of(only),
                    only,
                    Optional.of("stopped"));
        }

        @Override
        public Optional<String> obstacle(Model model) {
            return Optional.empty();
        }

        @Override
        public String id() {
            return "pressed";
        }

        @Override
        public String title() {
            return id();
        }

        @Override
        public String summary() {
            return id();
        }

        @Override
        public List<OptionDoc> options() {
            return List.of();
        }

        @Override
        public String source() {
            return id();
        }

        @Override
        public boolean needsData() {
            return false;
        }

        @Override
        public Optional<String> unavailable() {
            return Optional.empty();
        }
    }

    private static TrainingRun run(Pressed correction) throws Exception {
        Path file = CommandLineRun.sample("digits_mlp.onnx");
        Model model = Engine.open(file, true);
        return TrainingRun.of(
                correction,
                model,
                new AppliedCorrection("pressed", Map.of(), Optional.empty(), Optional.empty()),
                Optional.empty(),
                SessionState.of(new FileRef(file, "0".repeat(64))),
                new Terminal(new PrintWriter(new StringWriter()), new PrintWriter(new StringWriter()), false, false),
                correction.ctrlC);
    }

    @Test
    void ctrlCEndsATrainingThatHasBegunAndWhatFollowsIsStillDone() throws Exception {
        Pressed correction = new Pressed(new CancelToken(), true);

        TrainingRun run = run(correction);

        assertThat(correction.stopped).isTrue();
        assertThat(correction.cancelled).isFalse();
        assertThat(run.rest().isCancelled()).isFalse();
        assertThat(run.training().best().loss()).isEqualTo(0.25);
    }

    @Test
    void beforeTheFirstStepItCancels() {
        Pressed correction = new Pressed(new CancelToken(), false);

        assertThatThrownBy(() -> run(correction)).isInstanceOf(CancellationException.class);
        assertThat(correction.stopped).isFalse();
    }
}
