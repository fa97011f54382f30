package org.quantscope.app.explain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.glossary.Glossary;
import org.quantscope.core.glossary.Term;

class FormulaTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "Σ(x − x̂)² / n; [Σ ( x − x̂ ) ² over n]",
                "10 · log10(Σx² / Σy²); 10 · log10 ( [Σx² over Σy²] )",
                "√(Σ((x − y)/s)² / n); root[[Σ ( [x − y over s] ) ² over n]]",
                "x ≈ (q − z) · s; x ≈ ( q − z ) · s",
                "2^b; 2^{b}",
                "4^−b/3; [4^{−b} over 3]",
                "2^(b − 1) + 1; 2^{b − 1} + 1",
                "s_block · t; s_{block} · t",
                "clipping error / MSE; [clipping error over MSE]",
                "s²/12 for each value; [s² over 12] for each value",
                "Σ bits · weights / 8; Σ bits · [weights over 8]",
                "(a + b) / c = 1; [a + b over c] = 1",
                "a / b / c; [[a over b] over c]",
                "/ b; / b",
                "a /; a /",
                "a) b; a ) b",
                "(a; ( a",
                "2^; 2^{}",
                "clamp(−3, −7, b) = −3; clamp ( −3, −7, b ) = −3",
                "a − b, c / n; a − b, [c over n]"
            })
    void isReadAsItIsWritten(String text, String laidOut) {
        assertThat(Formula.of(text).line()).isEqualTo(laidOut);
    }

    static Stream<String> formulas() {
        return Glossary.bundled().sections().stream()
                .flatMap(s -> s.terms().stream())
                .map(Term::formula)
                .flatMap(f -> f.stream());
    }

    /** No sign of a formula of the glossary is lost; brackets around a fraction and slashes become its line. */
    @ParameterizedTest
    @MethodSource("formulas")
    void keepsEverySign(String text) {
        String signs = "[\\s()/^_\\[\\]{}√]|over|root";
        assertThat(Formula.of(text).line().replaceAll(signs, "")).isEqualTo(text.replaceAll(signs, ""));
    }

    @Test
    void ofNothingIsNothing() {
        assertThat(Formula.of("").line()).isEmpty();
    }
}
