package org.quantscope.core.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.Shape;

class GraphWalkTest {
    private static List<String> nodes(GraphWalk.Part part) {
        return part.model().proto().getGraph().getNodeList().stream()
                .map(NodeProto::getOpType)
                .toList();
    }

    /** A step runs what lies between two values and no more, and only what somebody reads behind it is kept. */
    @Test
    void eachNodeRunsOnce(@TempDir Path folder) throws IOException {
        Model model = new TinyOnnx(17)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .constantNode("k", Shape.of(4), -1, 1)
                .randomWeight("w", Shape.of(4, 4), -1, 1)
                .node("Relu", List.of("x"), List.of("a"))
                .node("Exp", List.of("a"), List.of("b"))
                .node("MatMul", List.of("b", "w"), List.of("c"))
                .node("Add", List.of("c", "k"), List.of("d"))
                .node("Sub", List.of("d", "a"), List.of("e"))
                .node("Mul", List.of("e", "k"), List.of("f"))
                .node("Neg", List.of("f"), List.of("y"))
                .open(folder);
        GraphWalk walk = GraphWalk.of(InstrumentedGraph.plain(model), List.of("a", "d", "f", "d"));

        assertThat(nodes(walk.on(0))).containsExactly("Relu");
        assertThat(walk.kept(0)).containsExactlyInAnyOrder("a");
        assertThat(nodes(walk.on(1))).containsExactly("Constant", "Exp", "MatMul", "Add");
        assertThat(walk.on(1).inputs()).containsExactly("a");
        assertThat(walk.on(1).stored()).containsExactlyInAnyOrder("w", "k");
        assertThat(walk.kept(1)).containsExactlyInAnyOrder("a", "d");
        assertThat(nodes(walk.on(2))).containsExactly("Constant", "Sub", "Mul");
        assertThat(walk.on(2).inputs()).containsExactlyInAnyOrder("a", "d");
        assertThat(walk.on(2).given()).containsExactly("f");
        assertThat(walk.kept(2)).containsExactly("d");
        assertThat(walk.on(3).given()).isEmpty();
        assertThat(walk.kept(3)).isEmpty();

        assertThat(nodes(walk.fromStart(1))).containsExactly("Constant", "Relu", "Exp", "MatMul", "Add");
        assertThat(walk.fromStart(1).inputs()).containsExactly("x");
        assertThat(walk.fromStart(1).given()).containsExactlyInAnyOrder("a", "d");
    }

    /** A value whose type nobody knows cannot be an input of the next step. */
    @Test
    void whatHasNoTypeIsNotKept(@TempDir Path folder) throws IOException {
        Model model = new TinyOnnx(17)
                .input("x", -1, 4)
                .output("y", -1, 4)
                .node("Mystery", List.of("x"), List.of("a"))
                .in("nobody.knows")
                .node("Relu", List.of("x"), List.of("b"))
                .node("Add", List.of("a", "b"), List.of("c"))
                .node("Exp", List.of("b"), List.of("d"))
                .node("Add", List.of("a", "c"), List.of("e"))
                .node("Add", List.of("e", "d"), List.of("y"))
                .open(folder);
        GraphWalk walk = GraphWalk.of(InstrumentedGraph.plain(model), List.of("b", "c", "d"));

        assertThat(walk.canKeep(0)).isTrue();
        assertThat(walk.canKeep(1)).isTrue();
        GraphWalk further = GraphWalk.of(InstrumentedGraph.plain(model), List.of("b", "c", "e"));
        assertThat(further.canKeep(1)).isFalse();
        assertThat(further.on(1).given()).containsExactly("c");
    }
}
