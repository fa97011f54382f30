package org.quantscope.core.dataset;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/**
 * How pictures come to the size a model wants. All positions are half-pixel centres: target pixel i lies at {@code (i + 0.5) · source / target} of
 * the source.
 *
 * @param width in pixels, 1 to {@value #MAX_SIDE}
 * @param height likewise
 * @param antialias for {@code BILINEAR}: the triangle is widened by the reduction, as Pillow's {@code resize} and torchvision do it; else it always spans
 *     two pixels, as {@code torch.nn.functional.interpolate} and OpenCV do it
 * @param shorter for {@code CROP}: what the shorter side is resized to before cropping, at least the larger of width and height; 0 for as little as covers the
 *     target
 */
public record Resize(int width, int height, Method method, Aspect aspect, boolean antialias, int shorter) {
    /** The longest side. */
    public static final int MAX_SIDE = 4096;

    /** What a target pixel is made of. */
    public enum Method {
        /** A triangle over its neighbours. */
        BILINEAR,
        /** The source pixel under its centre. */
        NEAREST;

        @JsonValue
        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What happens if the sides are in another proportion. */
    public enum Aspect {
        /** Each side is resized by itself. */
        STRETCH,
        /** Both sides are resized alike, and the middle is cut out. */
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

    /** Bilinear with antialiasing, each side by itself. */
    public static Resize to(int width, int height) {
        return new Resize(width, height, Method.BILINEAR, Aspect.STRETCH, true, 0);
    }
}
