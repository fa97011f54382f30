package org.quantscope.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Placement.Rule;
import org.quantscope.core.onnx.Placement.Site;
import org.quantscope.core.onnx.Placement.State;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class PlacementTest {
    private static final QuantParams GRID =
            new QuantParams(Granularity.TENSOR, new float[] {0.5f}, new int[] {0}, -8, 7);

    @TempDir
    private Path folder;

    /** A convolution, then one operator. */
    @ParameterizedTest
    @CsvSource({
        "Sigmoid, 13, OWN, COMPUTED_IN_INTEGERS, true",
        "LeakyRelu, 13, OWN, COMPUTED_IN_INTEGERS, true",
        "Softmax, 13, OWN, COMPUTED_IN_INTEGERS, true",
        "GlobalAveragePool, 13, OWN, COMPUTED_IN_INTEGERS, true",
        "Relu, 13, OWN, BEHIND_LAYER, true",
        "Clip, 13, OWN, BEHIND_LAYER, true",
        "Flatten, 13, TIED, MOVED, false",
        "Transpose, 13, TIED, MOVED, false",
        "Identity, 13, TIED, MOVED, false",
        "GlobalMaxPool, 13, TIED, MOVED, false",
        "Tanh, 13, FLOAT, FLOAT_OPERATORS, false",
        "HardSwish, 14, FLOAT, FLOAT_OPERATORS, false",
        "Erf, 13, FLOAT, FLOAT_OPERATORS, false"
    })
    void theOperatorDecides(String op, int opset, State state, Rule rule, boolean rounds) throws IOException {
        Site y = site(behindConv(opset, op, "y").open(folder), "y");

        assertThat(y.state()).isEqualTo(state);
        assertThat(y.rule()).isEqualTo(rule);
        assertThat(y.rounds()).isEqualTo(rounds);
        assertThat(y.reason()).contains(op);
    }

    @ParameterizedTest
    @CsvSource({"11, FLOAT", "12, TIED"})
    void aMaxPoolCarriesTheGridWhereItWorksOnIntegers(int opset, State state) throws IOException {
        Model model = conv(opset)
                .output("y", -1, 2, 1, 1)
                .node("MaxPool", List.of("c"), List.of("y"), TinyOnnx.attribute("kernel_shape", 1, 1))
                .open(folder);

        assertThat(site(model, "y").state()).isEqualTo(state);
    }

    @Test
    void anAveragePoolRoundsBackToItsInputsGrid() throws IOException {
        Model model = conv(13).output("y", -1, 2, 1, 1)
                .node("AveragePool", List.of("c"), List.of("y"), TinyOnnx.attribute("kernel_shape", 2, 2))
                .open(folder);
        Placement placement = placement(model);

        assertThat(site(model, "y"))
                .returns(State.TIED, Site::state)
                .returns(Rule.AVERAGED, Site::rule)
                .returns(true, Site::rounds);
        assertThat(placement.parametersOf(new TensorId("y"))).contains(new TensorId("c"));
        assertThat(placement.tiedTo(new TensorId("c")))
                .extracting(s -> s.id().name())
                .containsExactly("y");
        assertThat(placement.tied(Map.of(new TensorId("c"), GRID))).isEqualTo(Map.of(new TensorId("y"), GRID));
        assertThat(placement.tied(Map.of())).isEmpty();
    }

    @Test
    void aValueThatOnlyAConcatReadsHasTheGridOfItsOutput() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 12)
                .randomWeight("w", Shape.of(4, 4), -1, 1)
                .node("MatMul", List.of("x", "w"), List.of("a"))
                .node("MatMul", List.of("x", "w"), List.of("b"))
                .node("Relu", List.of("b"), List.of("r"))
                .node("MatMul", List.of("r", "w"), List.of("c"))
                .node("Concat", List.of("a", "r", "c"), List.of("y"), TinyOnnx.attribute("axis", 1L))
                .open(folder);

        // r is read by a MatMul too, with a grid of its own.
        assertThat(states(model))
                .isEqualTo(Map.of(
                        "x",
                        State.OWN,
                        "a",
                        State.TIED,
                        "b",
                        State.FLOAT,
                        "r",
                        State.OWN,
                        "c",
                        State.TIED,
                        "y",
                        State.OWN));
        assertThat(placement(model).tiedTo(new TensorId("y")))
                .extracting(s -> s.id().name())
                .containsExactly("a", "c");
        assertThat(site(model, "b").reason()).isEqualTo("inside a layer: the integer kernel rounds behind Relu Relu2");
    }

    /** What is fed from outside is rounded where it comes in; the Concat cannot do it for it. */
    @Test
    void anInputOfTheModelKeepsItsOwnGridInFrontOfAConcat() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 4)
                .input("z", -1, 4)
                .output("y", -1, 8)
                .randomWeight("w", Shape.of(4, 4), -1, 1)
                .node("MatMul", List.of("x", "w"), List.of("a"))
                .node("Concat", List.of("a", "z"), List.of("y"), TinyOnnx.attribute("axis", 1L))
                .open(folder);

        assertThat(states(model)).isEqualTo(Map.of("x", State.OWN, "z", State.OWN, "a", State.TIED, "y", State.OWN));
    }

    @Test
    void aPersonUntiesAValueAndAddsAQuantizer() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 4)
                .output("y", -1, 8)
                .randomWeight("w", Shape.of(4, 4), -1, 1)
                .node("Tanh", List.of("x"), List.of("t"))
                .node("Flatten", List.of("t"), List.of("f"))
                .node("Cos", List.of("f"), List.of("u"))
                .node("MatMul", List.of("u", "w"), List.of("a"))
                .node("Relu", List.of("a"), List.of("r"))
                .node("MatMul", List.of("u", "w"), List.of("b"))
                .node("Concat", List.of("r", "b"), List.of("y"), TinyOnnx.attribute("axis", 1L))
                .open(folder);
        assertThat(states(model))
                .isEqualTo(Map.of(
                        "x",
                        State.FLOAT,
                        "t",
                        State.FLOAT,
                        "f",
                        State.FLOAT,
                        "u",
                        State.OWN,
                        "a",
                        State.FLOAT,
                        "r",
                        State.TIED,
                        "b",
                        State.TIED,
                        "y",
                        State.OWN));

        OnnxGraph edited = model.graph()
                .orElseThrow()
                .withQuantizersAt(
                        Set.of(new TensorId("t"), new TensorId("a"), new TensorId("b"), new TensorId("none")));

        assertThat(edited.activations()).extracting(a -> a.id().name()).containsExactly("t", "u", "a", "b", "y");
        assertThat(edited.placement().site(new TensorId("f")).orElseThrow()).returns(State.TIED, Site::state);
        assertThat(edited.placement().site(new TensorId("t")).orElseThrow().reason())
                .isEqualTo("added by hand");
        assertThat(edited.placement().site(new TensorId("r")).orElseThrow()).returns(State.TIED, Site::state);
    }

    @Test
    void aBiasIsInUnitsOfTheGridThatItsInputIsTiedTo() throws IOException {
        Model model = conv(13).output("y", -1, 2)
                .randomWeight("fc", Shape.of(2, 2), -1, 1)
                .weight("bias", Shape.of(2), 1, 2)
                .node("GlobalMaxPool", List.of("c"), List.of("m"))
                .node("Flatten", List.of("m"), List.of("f"))
                .node("Gemm", List.of("f", "fc", "bias"), List.of("y"))
                .open(folder);

        assertThat(model.graph().orElseThrow().biases())
                .extracting(OnnxGraph.BiasSite::activation)
                .containsExactly(new TensorId("c"));
        assertThat(model.graph()
                        .orElseThrow()
                        .withQuantizersAt(Set.of(new TensorId("f")))
                        .biases())
                .extracting(OnnxGraph.BiasSite::activation)
                .containsExactly(new TensorId("f"));
    }

    @Test
    void aBiasThatIsComputedStaysFloat() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 2)
                .output("y", -1, 2)
                .randomWeight("w", Shape.of(2, 2), -1, 1)
                .node("Tanh", List.of("x"), List.of("b"))
                .node("Gemm", List.of("x", "w", "b"), List.of("y"))
                .open(folder);

        assertThat(site(model, "b").state()).isEqualTo(State.FLOAT);
        assertThat(site(model, "x").state()).isEqualTo(State.OWN);
    }

    @ParameterizedTest
    @CsvSource({"0, TIED", "1, OWN"})
    void aPadKeepsTheGridIfItAddsZeros(float value, State state) throws IOException {
        Model model = conv(13).output("y", -1, 2, 4, 4)
                .weight64("pads", 0, 0, 1, 1, 0, 0, 1, 1)
                .weight("value", Shape.of(), value)
                .node("Pad", List.of("c", "pads", "value"), List.of("y"))
                .open(folder);

        assertThat(site(model, "y").state()).isEqualTo(state);
    }

    /** Each value that these modes add is a copy of one that is there. */
    @ParameterizedTest
    @ValueSource(strings = {"reflect", "edge"})
    void aPadThatCopiesKeepsTheGridWhateverItsConstant(String mode) throws IOException {
        Model model = conv(13).output("y", -1, 2, 4, 4)
                .weight64("pads", 0, 0, 1, 1, 0, 0, 1, 1)
                .weight("value", Shape.of(), 1)
                .node("Pad", List.of("c", "pads", "value"), List.of("y"), TinyOnnx.attribute("mode", mode))
                .open(folder);

        assertThat(site(model, "y"))
                .returns(State.TIED, Site::state)
                .returns(Rule.MOVED, Site::rule)
                .returns(Optional.of(new TensorId("c")), Site::tiedTo);
    }

    /** Each answer rests on that of the value before it, so a chain must not be walked from every value. */
    @ParameterizedTest
    @CsvSource({"false, FLOAT_OPERATORS", "true, INSIDE_LAYER"})
    @Timeout(60)
    void aLongChainIsPlacedInOneWalk(boolean behindLayer, Rule rule) throws IOException {
        int length = 20_000;
        TinyOnnx graph = behindLayer
                ? conv(13)
                : new TinyOnnx(13).input("x", -1, 1, 4, 4).node("Tanh", List.of("x"), List.of("c"));
        graph.output("r" + length, -1, 1, 2, 2).node("Relu", List.of("c"), List.of("r1"));
        for (int i = 1; i < length; i++) {
            graph.node("Relu", List.of("r" + i), List.of("r" + (i + 1)));
        }
        List<Site> sites = placement(graph.open(folder)).sites();

        assertThat(sites).filteredOn(site -> site.rule() == rule).hasSizeGreaterThanOrEqualTo(behindLayer ? length : 1);
        assertThat(sites.getLast().rule()).isEqualTo(behindLayer ? Rule.BEHIND_LAYER : Rule.FLOAT_INPUT);
    }

    private TinyOnnx conv(int opset) {
        return new TinyOnnx(opset)
                .input("x", -1, 1, 4, 4)
                .randomWeight("w", Shape.of(2, 1, 3, 3), -1, 1)
                .node("Conv", List.of("x", "w"), List.of("c"));
    }

    private TinyOnnx behindConv(int opset, String op, String out) {
        return conv(opset).output(out).node(op, List.of("c"), List.of(out));
    }

    private static Placement placement(Model model) {
        return model.graph().orElseThrow().placement();
    }

    private static Site site(Model model, String name) {
        return placement(model).site(new TensorId(name)).orElseThrow();
    }

    private static Map<String, State> states(Model model) {
        return placement(model).sites().stream()
                .collect(java.util.stream.Collectors.toMap(s -> s.id().name(), Site::state));
    }

    private static Site tied(String id, String to) {
        return new Site(
                new TensorId(id), State.TIED, Rule.MOVED, "", "Identity", Optional.of(new TensorId(to)), true, false);
    }

    @Test
    void tiesAreFollowedToTheirEndInEitherDirection() {
        Site own = new Site(
                new TensorId("own"), State.OWN, Rule.READ_BY_INTEGER, "", "Conv", Optional.empty(), true, true);
        Placement placement = new Placement(
                List.of(tied("b", "c"), own, tied("a", "b"), tied("c", "own"), tied("astray", "nowhere")));
        for (String id : List.of("own", "a", "b", "c")) {
            assertThat(placement.parametersOf(new TensorId(id))).as(id).contains(own.id());
        }
        assertThat(placement.parametersOf(new TensorId("astray"))).isEmpty();
        assertThat(placement.tiedTo(own.id()))
                .extracting(site -> site.id().name())
                .containsExactly("b", "a", "c");
        assertThat(placement.tied(Map.of(own.id(), GRID)))
                .containsOnlyKeys(new TensorId("a"), new TensorId("b"), new TensorId("c"));
    }

    @Test
    void aCircleOfTiesHasNoOwner() {
        Placement placement = new Placement(List.of(tied("a", "b"), tied("b", "c"), tied("c", "a")));
        assertThat(placement.parametersOf(new TensorId("a"))).isEmpty();
        assertThat(placement.parametersOf(new TensorId("c"))).isEmpty();
    }
}
