package org.quantscope.core.dataset;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** The colour channels that a model wants. Stored colour is RGB. */
public enum Colour {
    RGB,
    BGR,
    /**
     * Grey, one channel: ITU-R BT.601 luma. For bytes as in Pillow, {@code (19595 R + 38470 G + 7471 B + 2^15) / 2^16}
     * rounded down; for other values {@code 0.299 R + 0.587 G + 0.114 B}.
     */
    GREY;

    /** The name used in files. */
    @JsonValue
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    int channels() {
        return this == GREY ? 1 : 3;
    }
}
