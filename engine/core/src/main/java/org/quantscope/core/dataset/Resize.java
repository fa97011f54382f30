package org.quantscope.core.dataset;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/**
 * How pictures are brought to the size that a model wants. All positions are half-pixel centres: target pixel i lies at
 * {@code (i + 0.5) · source / target} of the source.
 *
 * @param width in pixels, 1 to {@value #MAX_SIDE}
 * @param height in pixels, likewise
 * @param antialias for {@code BILINEAR}: the triangle is widened by the reduction, as in Pillow's {@code resize} and
 *     torchvision; else it always spans two pixels, as in {@code torch.nn.functional.interpolate} and OpenCV
 * @param shorter for {@code CROP}: what the shorter side is resized to before cropping, at least the larger of width
 *     and height; 0 for the smallest size that covers the target
 */
public record Resize(int width, int height, Method method, Aspect aspect, boolean antialias, int shorter) {
    /** The longest side. */
    public static final int MAX_SIDE = 4096;

    /** How a target pixel is computed. */
    public enum Method {
        /** A triangle-weighted mean of the source pixels around its centre. */
        BILINEAR,
        /** The source pixel that its centre falls on. */
        NEAREST;

        @JsonValue
        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What happens if the proportions of the sides differ. */
    public enum Aspect {
        /** Each side is resized on its own. */
        STRETCH,
        /** Both sides are resized by the same factor, and the middle is cut out. */
        CROP;

        @JsonValue
        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Resize {
        check("width", width, 1);
        check("height", height, 1);
        if (shorter != 0) {
            check("shorter", shorter, Math.max(width, height));
        }
    }

    private static void check(String name, int value, int least) {
        if (value < least || value > MAX_SIDE) {
            throw new IllegalArgumentException(
                    "resize: " + name + " is from " + least + " to " + MAX_SIDE + ", got " + value);
        }
    }

    /** Bilinear with antialiasing, each side on its own. */
    public static Resize to(int width, int height) {
        return new Resize(width, height, Method.BILINEAR, Aspect.STRETCH, true, 0);
    }
}
