package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.GraphPieces;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class TappedRunTest {
    private static final List<String> WANTED = List.of("a", "b", "c", "s", "y");

    @TempDir
    private Path folder;

    /** A value of the first layer and the input are read by the last ones, so they cross every cut. */
    private Model residual() throws IOException {
        return new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .randomWeight("w1", Shape.of(4, 4), -1, 1)
                .randomWeight("w2", Shape.of(4, 4), -1, 1)
                .node("MatMul", List.of("x", "w1"), List.of("a"))
                .node("Relu", List.of("a"), List.of("b"))
                .node("MatMul", List.of("b", "w2"), List.of("c"))
                .node("Add", List.of("c", "a"), List.of("s"))
                .node("Add", List.of("s", "x"), List.of("y"))
                .open(folder);
    }

    private static Map<String, float[]> values(Model model, long most, int pieces) {
        SampleFeed feed = SampleFeed.of(model, new MemoryData(3, Shape.of(4), i -> 0));
        Map<String, float[]> seen = new HashMap<>();
        List<String> order = new ArrayList<>();
        try (TappedRun run = TappedRun.of(model, feed, WANTED, most);
                SampleFeed.Batch batch = feed.load(new int[] {0, 1, 2})) {
            assertThat(run.pieces()).isEqualTo(pieces);
            run.forEach(batch, new CancelToken(), out -> {
                order.add(out.name());
                seen.put(out.name(), out.values());
            });
        }
        assertThat(order).isEqualTo(WANTED);
        return seen;
    }

    @Test
    void inPiecesItGivesTheSameValuesOnceEach() throws IOException {
        Model model = residual();
        Map<String, float[]> whole = values(model, Long.MAX_VALUE, 1);

        // A batch may have 100 samples, so each of the five values counts 1600 bytes.
        for (int[] mostAndPieces : new int[][] {{1, 5}, {3200, 3}, {1 << 20, 1}}) {
            Map<String, float[]> inPieces = values(model, mostAndPieces[0], mostAndPieces[1]);

            whole.forEach(
                    (name, values) -> assertThat(inPieces.get(name)).as(name).isEqualTo(values));
        }
    }

    @Test
    void aPieceHoldsItsOwnWeightsAndKeepsWhatLaterOnesRead() throws IOException {
        RunnableGraph graph = InstrumentedGraph.tapped(
                residual(), WANTED.stream().map(TensorId::new).toList());

        List<GraphPieces.Piece> pieces = GraphPieces.of(graph, new LinkedHashSet<>(WANTED), name -> 48, 96);

        assertThat(pieces)
                .extracting(GraphPieces.Piece::wanted)
                .containsExactly(List.of("a", "b"), List.of("c", "s"), List.of("y"));
        assertThat(pieces).extracting(GraphPieces.Piece::kept).containsExactly(Set.of("a", "b"), Set.of("s"), Set.of());
        assertThat(pieces)
                .extracting(GraphPieces.Piece::inputs)
                .containsExactly(Set.of("x"), Set.of("a", "b"), Set.of("s", "x"));
        assertThat(pieces.stream().mapToLong(p -> p.model().bytes()).max().orElseThrow())
                .isLessThan(graph.bytes());
    }
}
