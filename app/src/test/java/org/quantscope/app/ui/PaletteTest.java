package org.quantscope.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javafx.scene.paint.Color;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PaletteTest {
    @ParameterizedTest
    @EnumSource(Theme.class)
    void textStandsOutFromEveryGround(Theme theme) {
        Palette p = theme.palette();
        for (Color ground : List.of(p.background(), p.panel(), p.raised(), p.selected())) {
            assertThat(contrast(p.text(), ground))
                    .as("text on %s", Palette.web(ground))
                    .isGreaterThanOrEqualTo(4.5);
            assertThat(contrast(p.muted(), ground))
                    .as("muted on %s", Palette.web(ground))
                    .isGreaterThanOrEqualTo(4.5);
        }
        for (Color words :
                List.of(p.badText(), p.hand(), p.warning(), p.quantized(), p.clipping(), p.rounding(), dimmed(p))) {
            assertThat(contrast(words, p.panel()))
                    .as("%s on the panel", Palette.web(words))
                    .isGreaterThanOrEqualTo(4.5);
        }
        assertThat(contrast(p.onHand(), p.hand())).isGreaterThanOrEqualTo(4.5);
    }

    @ParameterizedTest
    @EnumSource(Theme.class)
    void marksStandOutFromTheirCard(Theme theme) {
        Palette p = theme.palette();
        for (Color mark : List.of(
                p.floats(),
                p.quantized(),
                p.clipping(),
                p.rounding(),
                p.hand(),
                p.good(),
                p.fair(),
                p.bad(),
                p.warning())) {
            assertThat(contrast(mark, p.panel()))
                    .as("%s on the panel", Palette.web(mark))
                    .isGreaterThanOrEqualTo(3);
        }
    }

    @Test
    void styleSheetLooksUpOnlyColoursThatThePaletteDefines() throws IOException {
        try (InputStream in = Theme.class.getResourceAsStream("/org/quantscope/app/quantscope.css")) {
            String css = new String(in.readAllBytes(), StandardCharsets.UTF_8).replaceAll("(?s)/\\*.*?\\*/", "");
            Set<String> used = Pattern.compile("-qs-[a-z-]+")
                    .matcher(css)
                    .results()
                    .map(r -> r.group())
                    .collect(Collectors.toSet());
            assertThat(Palette.DARK.lookups().keySet()).containsAll(used);
            assertThat(Pattern.compile("#[0-9a-fA-F]{3,8}").matcher(css).results())
                    .as("colours written down a second time")
                    .isEmpty();
        }
    }

    /** Text that is disabled, or belongs to a previous setting, as the style sheet dims it. */
    private static Color dimmed(Palette p) {
        return p.panel().interpolate(p.text(), 0.65);
    }

    /** WCAG 2.2 contrast ratio, 1 to 21. */
    private static double contrast(Color a, Color b) {
        double la = luminance(a);
        double lb = luminance(b);
        return (Math.max(la, lb) + 0.05) / (Math.min(la, lb) + 0.05);
    }

    private static double luminance(Color c) {
        return 0.2126 * linear(c.getRed()) + 0.7152 * linear(c.getGreen()) + 0.0722 * linear(c.getBlue());
    }

    private static double linear(double v) {
        return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
    }
}
