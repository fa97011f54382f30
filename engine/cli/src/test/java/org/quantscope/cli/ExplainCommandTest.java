package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.quantscope.core.figure.Figure;
import org.quantscope.core.figure.Figures;
import tools.jackson.databind.JsonNode;

class ExplainCommandTest {
    @Test
    void aTermOfSeveralWordsHasItsSentenceFormulaAndJudgement() {
        CommandLineRun run = CommandLineRun.of("explain", "zero", "point");

        assertThat(run.code()).isZero();
        assertThat(run.out())
                .startsWith("zero point (offset)")
                .contains("The code that stands for the number 0;")
                .contains("z = round(qmin − lo/s)")
                .contains("half of the codes");
    }

    @Test
    void jsonHasTheSame() {
        JsonNode json = CommandLineRun.of("explain", "SNR", "--json").json();

        assertThat(json.get("id").asString()).isEqualTo("sqnr");
        assertThat(json.get("unit").asString()).isEqualTo("dB");
        assertThat(json.get("see").size()).isPositive();
    }

    @Test
    void everyFigureThatCanBeNamedIsExplained() {
        for (Figure figure : Figures.all()) {
            assertThat(CommandLineRun.of("explain", figure.id()).code())
                    .as(figure.id())
                    .isZero();
        }
    }

    @Test
    void anUnknownWordIsRefusedWithNearOnes() {
        CommandLineRun run = CommandLineRun.of("explain", "sqnrr");

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("\"sqnrr\" is in no entry; near names: sqnr");
    }
}
