package org.quantscope.core.layerwise;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class CodeNotesTest {
    private static final TensorId TABLE = new TensorId("table");
    private static final TensorId FIRST = new TensorId("first");
    private static final TensorId W = new TensorId("w");

    @TempDir
    private Path folder;

    /** A table of rows, positions that are added, a vector that is too, a first factor, and an ordinary layer. */
    private Model model() throws IOException {
        return new TinyOnnx(13)
                .input("ids", DType.I64, -1, 5)
                .output("y", -1, 5, 3)
                .randomWeight("table", Shape.of(9, 4), -1, 1)
                .randomWeight("positions", Shape.of(5, 4), -1, 1)
                .randomWeight("shift", Shape.of(4), -1, 1)
                .randomWeight("first", Shape.of(5, 5), -1, 1)
                .randomWeight("w", Shape.of(4, 3), -1, 1)
                .node("Gather", List.of("table", "ids"), List.of("g"))
                .node("Add", List.of("g", "positions"), List.of("p"))
                .node("Add", List.of("p", "shift"), List.of("s"))
                .node("MatMul", List.of("first", "s"), List.of("f"))
                .node("MatMul", List.of("f", "w"), List.of("y"))
                .open(folder);
    }

    private static List<String> notes(Model model, SessionState state, Map<TensorId, SolvedWeight> solved) {
        ResolvedSettings settings =
                new Resolver().resolve(model, state, Calibration.NONE, Progress.NONE, new CancelToken());
        return CodeNotes.of(model, state, settings, solved);
    }

    private static SessionState state(Model model, String rounding) {
        return SessionState.of(new FileRef(model.file(), ""))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(4).withRounding(rounding)));
    }

    @Test
    void tablesThatNoLayerMultipliesAreNamedWithTheirReasons() throws IOException {
        Model model = model();
        String tables =
                "2 tables stay in float, 224 bytes, because no layer multiplies its input by them: table (Gather"
                    + " Gather0 looks rows up in it and multiplies nothing), positions (Add Add1 multiplies nothing by"
                    + " it).";
        Map<TensorId, SolvedWeight> solved = Map.of(FIRST, new SolvedWeight.Nearest("", "why not"));
        assertThat(notes(model, state(model, "gptq"), solved))
                .containsExactly("first is rounded to nearest: why not.", tables);
        assertThat(notes(model, state(model, "nearest"), Map.of())).isEmpty();
        assertThat(CodeNotes.tables(model, ResolvedSettings.NONE)).containsExactly(tables);
    }

    /** A table and a first factor that are quantized by settings of their own, for which no rounding was asked. */
    @Test
    void whatIsQuantizedBesideCodesThatAreChosenIsNamedToo() throws IOException {
        Model model = model();
        SessionState state = state(model, "gptq")
                .withOverride(TABLE, QuantSpec.WEIGHTS)
                .withOverride(FIRST, QuantSpec.WEIGHTS)
                .withOverride(W, QuantSpec.WEIGHTS);
        assertThat(notes(model, state, Map.of()))
                .containsExactly(
                        "first is rounded to nearest: no layer multiplies its input by it as a matrix.",
                        "table is rounded to nearest: no layer multiplies its input by it as a matrix.",
                        "One table stays in float, 80 bytes, because no layer multiplies its input by it: positions"
                                + " (Add Add1 multiplies nothing by it).");
    }
}
