package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.glass.GlassViewModel.Step;
import org.quantscope.app.glass.MakingViewModel;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.tensor.TensorId;

/** A value of an activation under the glass is added up line by line, with the numbers of the runtime. */
class MakingTest {
    private static final Pattern LAST = Pattern.compile("(−?[0-9]+)$");

    @TempDir
    private Path folder;

    private HeldContext at;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
        at.open("digits_mlp.onnx");
        SampleFiles.calibrateDigits(at.context);
        weights(8);
        at.context.bench().apply(new Edit.SetActivations(Optional.of(QuantSpec.ACTIVATIONS)));
    }

    @AfterEach
    void close() {
        at.close();
    }

    private void weights(int bits) {
        at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(bits))));
    }

    private MakingViewModel making() {
        return at.context.glass().making();
    }

    private MakingViewModel.View view() {
        return making().viewProperty().get().orElseThrow();
    }

    private long last(String name) {
        Matcher number = LAST.matcher(view().steps().stream()
                .filter(s -> s.name().startsWith(name))
                .findFirst()
                .orElseThrow()
                .arithmetic());
        assertThat(number.find()).as(name).isTrue();
        return Long.parseLong(number.group(1).replace('−', '-'));
    }

    /** The second activation: the first is the input. */
    private TensorId hidden() {
        return at.context.tensors().rowsProperty().get().activations().get(1).id();
    }

    @Test
    void theLinesGoTogetherAndFollowSampleElementAndArithmetic() {
        at.context.glass().showFirst();
        assertThat(making().viewProperty().get()).isEmpty();

        at.context.bench().select(hidden());
        assertThat(view().why()).isEmpty();
        assertThat(view().elements()).isEqualTo(32);
        long sum = view().steps().stream()
                .filter(s -> s.name().startsWith("at ") || s.name().equals("smaller ones"))
                .mapToLong(s -> Long.parseLong(last(s).replace('−', '-')))
                .sum();
        assertThat(sum + last("bias")).isEqualTo(last("accumulator"));
        assertThat(view().steps()).extracting(Step::name).containsSequence("accumulator", "as a number", "factor");

        List<Step> first = view().steps();
        making().showElement(3);
        assertThat(view().steps()).isNotEqualTo(first);
        making().showElement(1_000_000);
        assertThat(view().element()).isEqualTo(31);
        making().showElement(0);
        assertThat(view().steps()).isEqualTo(first);
        making().showSample(1);
        assertThat(view().steps()).isNotEqualTo(first);
        making().showSample(0);
        making().choose(Arithmetic.ONNX_RUNTIME);
        assertThat(view().steps())
                .filteredOn(s -> s.name().equals("rounded"))
                .extracting(Step::arithmetic)
                .containsExactly("once, halves to even");

        at.context.glass().close();
        assertThat(making().viewProperty().get()).isEmpty();
    }

    private static String last(Step step) {
        Matcher number = LAST.matcher(step.arithmetic());
        assertThat(number.find()).isTrue();
        return number.group(1);
    }

    @Test
    void whatIsMissingIsSaid() {
        at.context.glass().showFirst();
        at.context.bench().select(hidden());
        weights(3);
        assertThat(view().steps()).isEmpty();
        assertThat(view().why()).contains("weights of 3 bits where the kernels take 8");
        at.context.bench().undo();
        assertThat(view().why()).isEmpty();
    }
}
