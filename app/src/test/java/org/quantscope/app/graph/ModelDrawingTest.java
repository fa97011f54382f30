package org.quantscope.app.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.TinyModels;

class ModelDrawingTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "digits_mlp.onnx",
                "fashion_lenet.onnx",
                "fashion_resnet.onnx",
                "fashion_mobilenet.onnx",
                "fashion_vit.onnx"
            })
    void everyTensorThatCanBeQuantizedHasABoxAndNoneOverlaps(String name) throws IOException {
        Model model = Engine.open(Path.of(System.getProperty("quantscope.samples"), name), true);
        OnnxGraph graph = model.graph().orElseThrow();
        Set<TensorId> weights = new HashSet<>();
        model.tensors().stream()
                .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                .forEach(t -> weights.add(t.id()));
        Set<TensorId> all = new HashSet<>(weights);
        graph.activations().forEach(a -> all.add(a.id()));

        ModelDrawing drawing = ModelDrawing.of(graph, all, weights, Set.of(), ModelDrawing.Way.DOWN, new CancelToken());

        assertThat(all)
                .isNotEmpty()
                .allSatisfy(id -> assertThat(drawing.carrier(id)).isPresent());
        List<ModelDrawing.Box> boxes = drawing.boxes();
        assertThat(boxes.getFirst().operator()).isEqualTo("input");
        assertThat(boxes).filteredOn(ModelDrawing.Box::carries).hasSize(weights.size());
        for (ModelDrawing.Box a : boxes) {
            assertThat(a.height()).isEqualTo(a.carries() ? ModelDrawing.HIGH : ModelDrawing.THIN);
            assertThat(drawing.at(a.x() + a.width() / 2, a.y() + a.height() / 2))
                    .contains(a);
            for (ModelDrawing.Box b : boxes) {
                boolean apart = a.x() + a.width() <= b.x()
                        || b.x() + b.width() <= a.x()
                        || a.y() + a.height() <= b.y()
                        || b.y() + b.height() <= a.y();
                assertThat(a.equals(b) || apart).as(a + " and " + b).isTrue();
            }
        }
        for (ModelDrawing.Line line : drawing.lines()) {
            assertThat(line.points().getFirst().y())
                    .isLessThan(line.points().getLast().y());
        }
        assertThat(ModelDrawing.of(graph, all, weights, Set.of(), ModelDrawing.Way.DOWN, new CancelToken()))
                .isEqualTo(drawing);
    }

    @Test
    void fromLeftToRightNothingOverlapsAndEveryLineGoesOn() throws IOException {
        Model model = Engine.open(Path.of(System.getProperty("quantscope.samples"), "fashion_vit.onnx"), true);
        OnnxGraph graph = model.graph().orElseThrow();

        ModelDrawing drawing =
                ModelDrawing.of(graph, Set.of(), Set.of(), Set.of(), ModelDrawing.Way.RIGHT, new CancelToken());

        assertThat(drawing.width()).isGreaterThan(drawing.height());
        assertThat(drawing.boxes()).allSatisfy(box -> {
            assertThat(box.x()).isNotNegative();
            assertThat(box.x() + box.width()).isLessThanOrEqualTo(drawing.width() + 1e-9);
            assertThat(box.y() + box.height()).isLessThanOrEqualTo(drawing.height() + 1e-9);
        });
        assertThat(drawing.lines()).isNotEmpty().allSatisfy(line -> {
            ModelDrawing.Box from = drawing.boxes().get(line.from());
            ModelDrawing.Box to = drawing.boxes().get(line.to());
            assertThat(line.points().getFirst().x()).isEqualTo(from.x() + from.width());
            assertThat(line.points().getLast().x()).isEqualTo(to.x());
            assertThat(to.x()).isGreaterThan(from.x() + from.width());
        });
        for (ModelDrawing.Box a : drawing.boxes()) {
            assertThat(drawing.boxes().stream().filter(b -> overlap(a, b))).containsExactly(a);
        }
    }

    private static boolean overlap(ModelDrawing.Box a, ModelDrawing.Box b) {
        return a.x() < b.x() + b.width()
                && b.x() < a.x() + a.width()
                && a.y() < b.y() + b.height()
                && b.y() < a.y() + a.height();
    }

    @Test
    void aFoldedBlockHoldsTheTensorsOfItsOperatorsAndNoneIsLost() throws IOException {
        Model model = Engine.open(Path.of(System.getProperty("quantscope.samples"), "fashion_resnet.onnx"), true);
        OnnxGraph graph = model.graph().orElseThrow();
        Set<TensorId> weights = new HashSet<>();
        model.tensors().stream()
                .filter(t -> t.info().kind() == TensorKind.WEIGHT)
                .forEach(t -> weights.add(t.id()));
        Set<String> blocks = ModelDrawing.blocks(graph);
        assertThat(blocks).containsExactlyInAnyOrder("l/l.0", "l/l.1", "l/l.2");

        ModelDrawing drawing =
                ModelDrawing.of(graph, weights, weights, blocks, ModelDrawing.Way.DOWN, new CancelToken());

        assertThat(drawing.boxes())
                .filteredOn(ModelDrawing.Box::block)
                .extracting(ModelDrawing.Box::name)
                .containsExactly("l/l.0", "l/l.1", "l/l.2");
        assertThat(drawing.boxes())
                .filteredOn(box -> box.name().equals("l/l.1"))
                .singleElement()
                .satisfies(box -> {
                    assertThat(box.operator()).isEqualTo("6 operators");
                    // Two convolutions and the projection beside them.
                    assertThat(box.tensors()).hasSize(3).contains(new TensorId("l.1.p.weight"));
                });
        assertThat(drawing.boxes().stream().flatMap(box -> box.tensors().stream()))
                .containsExactlyInAnyOrderElementsOf(weights);
        assertThat(drawing.find("L.1")).extracting(ModelDrawing.Box::name).containsExactly("l/l.1");
        assertThat(drawing.find("  ")).isEmpty();
    }

    @Test
    void namesAndOperatorsThatCannotBeSeenAreEscaped() throws IOException {
        var graph = TinyModels.graph(
                TinyModels.node("MatMul", List.of("x", "w"), "h").setName("a\u001b[2J"),
                TinyModels.node("Odd\u202e", List.of("h"), "y").setDomain("d").setName("b\n"));
        graph.addInitializer(TinyModels.floats("w", new long[] {1, 1}, 1));
        Path file = Files.write(
                folder.resolve("m.onnx"), TinyModels.model(13, graph).build().toByteArray());
        ModelDrawing drawing = ModelDrawing.of(
                Engine.open(file, false).graph().orElseThrow(),
                Set.of(),
                Set.of(),
                Set.of(),
                ModelDrawing.Way.DOWN,
                new CancelToken());

        assertThat(drawing.boxes())
                .extracting(ModelDrawing.Box::operator, ModelDrawing.Box::name)
                .contains(tuple("MatMul", "a\\u001b[2J"), tuple("d.Odd\\u202e", "b\\n"));
    }
}
