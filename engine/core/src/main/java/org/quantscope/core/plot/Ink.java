package org.quantscope.core.plot;

/** What a mark means, and its colours on a light and on a dark ground: one meaning has one colour everywhere. */
public enum Ink {
    FLOAT("#8793a0", "#8b97a4"),
    QUANTIZED("#0b8f66", "#2fbf8f"),
    CLIPPING("#c8520f", "#f2793a"),
    ROUNDING("#7a45c9", "#b48cff"),
    HAND("#1769c2", "#4aa3ff"),
    DAMAGE("#d64550", "#d64550"),
    TEXT("#1a2129", "#e6ebf0"),
    MUTED("#5d6a77", "#8b97a4"),
    LINE("#d9e0e6", "#2a333d");

    private final String light;
    private final String dark;

    Ink(String light, String dark) {
        this.light = light;
        this.dark = dark;
    }

    /** As {@code #rrggbb}. */
    public String light() {
        return light;
    }

    /** As {@code #rrggbb}. */
    public String dark() {
        return dark;
    }

    /** The red, green and blue part of the colour on a light ground, each from 0 to 1. */
    public float[] rgb() {
        int all = Integer.parseInt(light.substring(1), 16);
        return new float[] {(all >> 16) / 255f, (all >> 8 & 0xff) / 255f, (all & 0xff) / 255f};
    }
}
