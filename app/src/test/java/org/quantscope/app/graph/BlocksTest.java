package org.quantscope.app.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.quantscope.app.graph.LayeredLayout.Edge;

class BlocksTest {
    @Test
    void theLargestBlocksAreThoseBelowOneThatIsMostOfTheGraph() {
        assertThat(Blocks.of(List.of(
                        "/stem/Conv",
                        "/stem/Relu",
                        "/layers/0/fc/MatMul",
                        "/layers/0/fc/Add",
                        "/layers/0/Relu",
                        "/layers/1/fc/MatMul",
                        "/layers/1/fc/Add",
                        "/layers/1/Relu",
                        "/head/Gemm")))
                .containsExactly("layers/0", "layers/1", "stem");
        // A block that is most of the graph but has none inside is one.
        assertThat(Blocks.of(List.of("a/x", "a/y", "a/z", "b"))).containsExactly("a");
        assertThat(Blocks.of(List.of("Conv_0", "Relu_1", "Gemm_2"))).isEmpty();
    }

    @Test
    void aNameLiesInItsBlocksAndNotInOnesThatOnlyBeginAlike() {
        assertThat(Blocks.lies("/b/b.1/Add", "b/b.1")).isTrue();
        assertThat(Blocks.lies("/b/b.1/n/Add", "b/b.1")).isTrue();
        assertThat(Blocks.lies("/b/b.10/Add", "b/b.1")).isFalse();
        assertThat(Blocks.scope("/Add")).isEmpty();
    }

    @Test
    void aFoldedBlockIsOneNodeAtAPlaceFromWhichEveryEdgeGoesOn() {
        List<String> names = List.of("in", "a/1", "b/1", "a/2", "b/2", "out");
        List<Edge> edges =
                List.of(new Edge(0, 1), new Edge(0, 2), new Edge(1, 3), new Edge(2, 4), new Edge(3, 5), new Edge(4, 5));

        Blocks.Folding folding = Blocks.fold(names, edges, Set.of("a", "b"));

        assertThat(folding.blocks())
                .containsExactly(Optional.empty(), Optional.of("a"), Optional.of("b"), Optional.empty());
        assertThat(folding.group()).containsExactly(0, 1, 2, 1, 2, 3);
    }

    @Test
    void aBlockThatIsLeftAndEnteredAgainStaysOpen() {
        List<String> names = List.of("a/1", "x", "a/2", "b/1", "b/2");
        List<Edge> edges = List.of(new Edge(0, 1), new Edge(1, 2), new Edge(2, 3), new Edge(3, 4));

        Blocks.Folding folding = Blocks.fold(names, edges, Set.of("a", "b"));

        assertThat(folding.blocks())
                .containsExactly(Optional.empty(), Optional.empty(), Optional.empty(), Optional.of("b"));
        assertThat(folding.group()).containsExactly(0, 1, 2, 3, 3);
    }
}
