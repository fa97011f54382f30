package org.quantscope.app.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TensorLinesTest {
    @Test
    void aNameThatOpensABlockHasAllOfIt() {
        List<String> lines = List.of(
                "{",
                "  \"conv.weight\" : {",
                "    \"scale\" : [",
                "      1",
                "    ]",
                "  },",
                "  \"conv.weight_2\" : { }",
                "}");
        assertThat(TensorLines.of(lines, "conv.weight")).containsExactly(1, 2, 3, 4, 5);
        assertThat(TensorLines.of(lines, "conv.weight_2")).containsExactly(6);
    }

    @Test
    void aNameThatIsAMemberHasItsObject() {
        List<String> lines = List.of(
                "{ \"encodings\" : [ {",
                "  \"name\" : \"a\",",
                "  \"x\" : { \"y\" : 1 }",
                "}, {",
                "  \"scale\" : 2,",
                "  \"name\" : \"b\"",
                "} ] }");
        assertThat(TensorLines.of(lines, "b")).containsExactly(3, 4, 5, 6);
    }

    @Test
    void theWholeFileIsNeverOneTensors() {
        assertThat(TensorLines.of(List.of("{", "  \"name\" : \"a\",", "  \"b\" : 1", "}"), "a"))
                .containsExactly(1);
    }

    @Test
    void plainLinesAndIdentifiers() {
        assertThat(TensorLines.of(
                        List.of("TRT-8501", "/f/Relu_output_0: 3c010a14", "x/f/Relu_output_0: 3c010a14"),
                        "/f/Relu_output_0"))
                .containsExactly(1);
        assertThat(TensorLines.of(
                        List.of("float conv_weight_scale = 1;", "int8_t conv_weight[] = {", "  1,", "};"),
                        "conv.weight"))
                .containsExactly(1, 2, 3);
        assertThat(TensorLines.of(List.of("float conv_weight_scale = 1;"), "conv.weight"))
                .containsExactly(0);
        assertThat(TensorLines.of(List.of("nothing"), "conv.weight")).isEmpty();
    }

    @Test
    void bracketsInNamesAndBlocksWithoutAnEndAreNotFollowed() {
        assertThat(TensorLines.of(List.of("{ \"l\" : {", "  \"a{\" : 1,", "  \"b\" : 2", "} }"), "a{"))
                .containsExactly(1);
        assertThat(TensorLines.of(List.of("a: {", "  1"), "a")).containsExactly(0);
    }
}
