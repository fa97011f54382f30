package org.quantscope.app.ui;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import javafx.scene.paint.Color;

/**
 * The colours of one theme, each with a single meaning. They are defined only here: canvases read them directly, and
 * the style sheet gets them as looked-up colours from {@link #stylesheet}.
 *
 * @param dark true for light text on a dark background
 * @param background behind the cards
 * @param panel cards and columns
 * @param raised fields, buttons and the node under the pointer
 * @param line hairlines
 * @param muted less important text
 * @param floats the original values
 * @param quantized levels and quantized values
 * @param clipping values outside the range, and their error
 * @param rounding the error of values within the range
 * @param hand what the user acts on: handles, the current point, the selection, the primary button
 * @param onHand text on {@code hand}
 * @param selected background of a selected row or button
 * @param good little loss
 * @param bad much loss, for marks
 * @param badText much loss, for text
 */
public record Palette(
        boolean dark,
        Color background,
        Color panel,
        Color raised,
        Color line,
        Color text,
        Color muted,
        Color floats,
        Color quantized,
        Color clipping,
        Color rounding,
        Color hand,
        Color onHand,
        Color selected,
        Color good,
        Color fair,
        Color bad,
        Color badText,
        Color warning) {

    static final Palette DARK = new Palette(
            true,
            Color.web("#0f1419"),
            Color.web("#161c23"),
            Color.web("#1b222b"),
            Color.web("#2a333d"),
            Color.web("#e6ebf0"),
            Color.web("#97a3b0"),
            Color.web("#8b97a4"),
            Color.web("#2fbf8f"),
            Color.web("#f2793a"),
            Color.web("#b48cff"),
            Color.web("#4aa3ff"),
            Color.web("#0b1622"),
            Color.web("#1f3753"),
            Color.web("#8b97a4"),
            Color.web("#e8b339"),
            Color.web("#d64550"),
            Color.web("#f0727c"),
            Color.web("#e8b339"));

    static final Palette LIGHT = new Palette(
            false,
            Color.web("#f5f7f9"),
            Color.web("#ffffff"),
            Color.web("#f0f3f6"),
            Color.web("#d9e0e6"),
            Color.web("#1a2129"),
            Color.web("#5d6a77"),
            Color.web("#8793a0"),
            Color.web("#07805a"),
            Color.web("#bd4b0b"),
            Color.web("#7a45c9"),
            Color.web("#1769c2"),
            Color.web("#ffffff"),
            Color.web("#dfecfb"),
            Color.web("#5d6a77"),
            Color.web("#8a5f00"),
            Color.web("#d64550"),
            Color.web("#b8303c"),
            Color.web("#8a5f00"));

    /** The colours by the names that the style sheet uses. */
    public Map<String, Color> lookups() {
        Map<String, Color> m = new LinkedHashMap<>();
        m.put("-qs-bg", background);
        m.put("-qs-panel", panel);
        m.put("-qs-raised", raised);
        m.put("-qs-line", line);
        m.put("-qs-text", text);
        m.put("-qs-muted", muted);
        m.put("-qs-float", floats);
        m.put("-qs-quantized", quantized);
        m.put("-qs-clipping", clipping);
        m.put("-qs-rounding", rounding);
        m.put("-qs-hand", hand);
        m.put("-qs-on-hand", onHand);
        m.put("-qs-selected", selected);
        m.put("-qs-loss-good", good);
        m.put("-qs-loss-fair", fair);
        m.put("-qs-loss-bad", bad);
        m.put("-qs-loss-bad-text", badText);
        m.put("-qs-warning", warning);
        return Collections.unmodifiableMap(m);
    }

    /** A style sheet that defines the colours of {@link #lookups} on the root. */
    String stylesheet() {
        return lookups().entrySet().stream()
                .map(e -> "  " + e.getKey() + ": " + web(e.getValue()) + ";\n")
                .collect(Collectors.joining("", ".root {\n", "}\n"));
    }

    /** The colour as {@code #rrggbb}, without its opacity. */
    public static String web(Color c) {
        return String.format(
                Locale.ROOT,
                "#%02x%02x%02x",
                Math.round(c.getRed() * 255),
                Math.round(c.getGreen() * 255),
                Math.round(c.getBlue() * 255));
    }

    /** The same colour as an AWT colour, for a chart. */
    public static java.awt.Color awt(Color c) {
        return new java.awt.Color(
                (float) c.getRed(), (float) c.getGreen(), (float) c.getBlue(), (float) c.getOpacity());
    }
}
