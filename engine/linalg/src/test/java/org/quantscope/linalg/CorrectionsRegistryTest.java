package org.quantscope.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.Engine;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.LearnedValues;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** What holds for every registered correction, and what happens without the native libraries. */
class CorrectionsRegistryTest {
    private static List<Correction> all() {
        return Corrections.all();
    }

    @Test
    void theCoreFindsThemInTheirOrderWithoutKnowingThem() {
        assertThat(all().stream().map(Correction::id))
                .containsExactly(
                        "cross-layer-equalization",
                        "bias-correction",
                        "smoothquant",
                        "awq",
                        "hadamard-rotation",
                        "recover");
        assertThatThrownBy(() -> Corrections.byId("adaround"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cross-layer-equalization, bias-correction");
    }

    @ParameterizedTest
    @MethodSource("all")
    void saysWhatItIs(Correction correction) {
        assertThat(correction.title()).isNotBlank();
        assertThat(correction.summary()).isNotBlank();
        assertThat(correction.source()).contains("arXiv");
        assertThat(correction.options().stream().map(OptionDoc::name)).doesNotHaveDuplicates();
        assertThat(Corrections.byId(correction.id())).isSameAs(correction);
    }

    @ParameterizedTest
    @MethodSource("all")
    void bareWeightsAreBadInput(Correction correction) throws Exception {
        Model bare = Engine.open(SampleRun.SAMPLES.resolve("fashion_resnet.safetensors"), true);
        assertThatThrownBy(() -> correction.apply(
                        new Correction.Input(bare, Map.of(), Optional.empty(), Optional.empty()),
                        Progress.NONE,
                        new CancelToken()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("graph");
    }

    @ParameterizedTest
    @MethodSource("all")
    void anUnknownOptionIsNamed(Correction correction) throws Exception {
        Model model = SampleRun.open("fashion_lenet");
        assertThatThrownBy(() -> correction.apply(
                        new Correction.Input(model, Map.of("speed", "1"), Optional.empty(), Optional.empty()),
                        Progress.NONE,
                        new CancelToken()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no option speed");
    }

    @ParameterizedTest
    @MethodSource("all")
    void isMadeTheSameWayAgainAndWhatItSaysIsChangedIsChanged(Correction correction) throws Exception {
        Model model = OutlierModels.digits();
        Correction.Input input = OutlierModels.input(model, 4, 8);

        Correction.Output once = correction.apply(input, Progress.NONE, new CancelToken());
        Correction.Output again = correction.apply(input, Progress.NONE, new CancelToken());

        assertThat(once.changed()).isNotEmpty().doesNotHaveDuplicates();
        for (TensorId id : once.changed()) {
            float[] values = once.model().find(id).orElseThrow().data().toFloats();
            assertThat(again.model().find(id).orElseThrow().data().toFloats()).isEqualTo(values);
            model.find(id)
                    .ifPresent(before ->
                            assertThat(before.data().toFloats()).as(id.name()).isNotEqualTo(values));
        }
        model.tensors().stream()
                .filter(t -> !once.changed().contains(t.id()))
                .forEach(t -> assertThat(
                                once.model().find(t.id()).orElseThrow().data().toFloats())
                        .as(t.id().name())
                        .isEqualTo(t.data().toFloats()));
    }

    @Test
    void aSessionWithAnUnknownCorrectionIsBadInput() throws Exception {
        Model model = SampleRun.open("fashion_lenet");
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withCorrections(
                        List.of(new AppliedCorrection("adaround", Map.of(), Optional.empty(), Optional.empty())));
        assertThatThrownBy(() -> Engine.analysed(model, state, Progress.NONE, new CancelToken()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("corrections: adaround");
    }

    @Test
    void whatWasLearnedIsTakenOverAndNeverLearnedAgain() throws Exception {
        Model model = SampleRun.open("digits_mlp");
        TensorId id = new TensorId("0.bias");
        float[] bias = model.find(id).orElseThrow().data().toFloats().clone();
        bias[3] += 1;
        AppliedCorrection bare = new AppliedCorrection("recover", Map.of(), Optional.empty(), Optional.empty());
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)));

        Model learned = Engine.analysed(
                model,
                state.withCorrections(List.of(bare.withLearned(new LearnedValues(Map.of(id, bias))))),
                Progress.NONE,
                new CancelToken());

        assertThat(learned.find(id).orElseThrow().data().toFloats()).isEqualTo(bias);
        assertThatThrownBy(() ->
                        Engine.analysed(model, state.withCorrections(List.of(bare)), Progress.NONE, new CancelToken()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("does not hold what was learned");
        assertThatThrownBy(() -> Engine.analysed(
                        model,
                        state.withCorrections(
                                List.of(bare.withLearned(new LearnedValues(Map.of(id, new float[] {1}))))),
                        Progress.NONE,
                        new CancelToken()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("recover.learned")
                .hasMessageContaining("0.bias");
    }

    /** The main class of a process whose class path lacks the jars with native libraries. */
    static final class WithoutNatives {
        private WithoutNatives() {}

        public static void main(String[] args) throws Exception {
            Model model = Engine.open(Path.of(args[0]), true);
            for (Correction c : Corrections.all()) {
                System.out.println(c.id() + " " + c.unavailable().orElse("available"));
            }
            System.out.println(
                    "equalized " + SampleRun.equalize(model).model().tensors().size());
            System.out.println(Nd4jBackend.unavailable().orElse("available"));
            System.out.println("tensors " + model.tensors().size());
        }
    }

    @Test
    void withoutNativeLibrariesTheReasonIsSaidAndTheRestWorks() throws Exception {
        List<String> jars = new ArrayList<>(
                Arrays.asList(System.getProperty("java.class.path").split(File.pathSeparator)));
        jars.removeIf(jar -> {
            String name = Path.of(jar).getFileName().toString();
            return name.startsWith("nd4j-native-1") && name.matches(".*-(linux|macosx|windows)-.*");
        });
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Dquantscope.samples=" + SampleRun.SAMPLES,
                        "-cp",
                        String.join(File.pathSeparator, jars),
                        WithoutNatives.class.getName(),
                        SampleRun.SAMPLES.resolve("fashion_lenet.onnx").toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        List<String> lines = process.inputReader().lines().toList();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(lines.subList(0, all().size()))
                .containsExactlyElementsOf(
                        all().stream().map(c -> c.id() + " available").toList());
        List<String> rest = lines.subList(all().size(), lines.size());
        assertThat(rest).hasSize(3);
        assertThat(rest.get(0)).startsWith("equalized ");
        assertThat(rest.get(1)).startsWith("ND4J cannot be loaded on this machine");
        assertThat(rest.get(2)).startsWith("tensors ");
    }
}
