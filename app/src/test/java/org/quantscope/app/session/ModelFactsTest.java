package org.quantscope.app.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.quantscope.app.session.ModelFacts.Fact;
import org.quantscope.core.gguf.GgmlType;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

class ModelFactsTest {
    private static Tensor tensor(String name, TensorData data, long... dims) {
        return new Tensor(TensorInfo.withoutGraph(new TensorId(name), data.dtype(), Shape.of(dims)), data);
    }

    @Test
    void saysWhatTheFileHoldsAndSaysOfItself() {
        TensorData coded =
                TensorData.coded(GgmlType.Q4_0.format().orElseThrow(), MemorySegment.ofArray(new byte[36]), 1, 64);
        Path file = Path.of("/m.gguf");
        Model model = new Model(
                        file,
                        "gguf",
                        OptionalInt.empty(),
                        List.of(tensor("a", coded, 2, 32), tensor("b", TensorData.of(new float[] {1}), 1)),
                        Optional.empty(),
                        List.of("a note\u202e"))
                .withMetadata(Map.of("general.name", "x\u0007y"));

        ModelFacts facts = ModelFacts.of(new OpenModel(model, model, new FileRef(file, "ab12")));

        assertThat(facts.facts())
                .contains(
                        new Fact("Format", "gguf"),
                        new Fact("SHA-256", "ab12"),
                        new Fact("Stored tensors", "2, 40 B: 1 Q4_0 (36 B), 1 F32 (4 B)"));
        assertThat(facts.notes()).containsExactly("a note\\u202e");
        assertThat(facts.metadata()).containsExactly(new Fact("general.name", "x\\u0007y"));
        assertThat(facts.metadata().getFirst().holds(" NAME ")).isTrue();
        assertThat(facts.metadata().getFirst().holds("llama")).isFalse();
    }
}
