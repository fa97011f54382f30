package org.quantscope.core.dataset;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What a sidecar says of labels that are boxes or strings.
 *
 * @param boxes the four numbers of a labelled box
 * @param outputBoxes the four numbers of a box in the model's output
 * @param blank the class of a CTC output that stands for no character; negative ones count from the last class, −1
 */
public record LabelForm(Box boxes, Box outputBoxes, int blank) {
    /** Corners, and the first class is the blank. */
    public static final LabelForm USUAL = new LabelForm(Box.XYXY, Box.XYXY, 0);

    /** Four numbers that are a box. */
    public enum Box {
        /** Left, top, right, bottom. */
        XYXY,
        /** Left, top, width, height. */
        XYWH,
        /** Middle in x and y, width, height. */
        CXCYWH;

        /** As it is written in a sidecar. */
        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** @throws IllegalArgumentException with the key, what is wrong and the value */
        static Box of(String key, String id) {
            return Arrays.stream(values())
                    .filter(b -> b.id().equals(id))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(key + ": is none of "
                            + Arrays.stream(values()).map(Box::id).collect(Collectors.joining(", ")) + ", got '" + id
                            + "'"));
        }

        /** Left, top, right, bottom of four numbers from {@code at} on. */
        public double[] corners(float[] of, int at) {
            double a = of[at];
            double b = of[at + 1];
            double c = of[at + 2];
            double d = of[at + 3];
            return switch (this) {
                case XYXY -> new double[] {a, b, c, d};
                case XYWH -> new double[] {a, b, a + c, b + d};
                case CXCYWH -> new double[] {a - c / 2, b - d / 2, a + c / 2, b + d / 2};
            };
        }
    }
}
