package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.accuracy.ArithmeticViewModel;
import org.quantscope.app.accuracy.ArithmeticViewModel.View;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;

/** The switch from the simulation to a runtime's whole numbers, without a window. */
class ArithmeticTest {
    @TempDir
    private Path folder;

    private HeldContext at;
    private ArithmeticViewModel arithmetic;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
        arithmetic = at.context.arithmetic();
        at.open("digits_mlp.onnx");
        at.context.session().openEvaluationData(SampleFiles.DIGITS_TEST);
        SampleFiles.calibrateDigits(at.context);
    }

    @AfterEach
    void close() {
        at.close();
        assertThat(at.problems).isEmpty();
    }

    private void weights(int bits) {
        at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(bits))));
    }

    private void activations() {
        at.context.bench().apply(new Edit.SetActivations(Optional.of(QuantSpec.ACTIVATIONS)));
    }

    @Test
    void theChosenArithmeticFollowsEachEditAndSaysWhyNot() {
        weights(8);
        activations();
        assertThat(arithmetic.viewProperty().get()).isEqualTo(new View.Simulated());

        arithmetic.choose(Optional.of(Arithmetic.CMSIS_NN));

        assertThat(arithmetic.viewProperty().get()).isInstanceOfSatisfying(View.Done.class, done -> {
            assertThat(done.result().arithmetic()).isEqualTo(Arithmetic.CMSIS_NN);
            assertThat(done.result().besideFloat().isComplete()).isTrue();
            assertThat(done.result().besideSimulation().logitSqnrDb()).isGreaterThan(25);
        });

        weights(3);

        assertThat(arithmetic.viewProperty().get())
                .isInstanceOfSatisfying(
                        View.Refused.class,
                        refused -> assertThat(refused.why())
                                .contains("as CMSIS-NN rounds")
                                .contains("weights of 3 bits where the kernels take 8")
                                .contains("and 2 more"));

        at.context.bench().undo();
        assertThat(arithmetic.viewProperty().get()).isInstanceOf(View.Done.class);
        arithmetic.choose(Optional.empty());
        assertThat(arithmetic.viewProperty().get()).isEqualTo(new View.Simulated());
    }

    @Test
    void untilTheFiguresAreThereItSaysThatItWaits() {
        weights(8);
        activations();
        at.held = true;

        arithmetic.choose(Optional.of(Arithmetic.TFLITE));

        assertThat(arithmetic.viewProperty().get()).isEqualTo(new View.Waiting(Arithmetic.TFLITE, "…"));
        at.held = false;
        at.runWaiting();
        assertThat(arithmetic.viewProperty().get()).isInstanceOf(View.Done.class);
    }
}
