package org.quantscope.core.dataset;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** The channels that a model wants. Stored colour is RGB. */
public enum Colour {
    RGB,
    BGR,
    /**
     * One channel: ITU-R BT.601 luma. Bytes as in Pillow, {@code (19595 R + 38470 G + 7471 B + 2^15) / 2^16} rounded down; other values
     * {@code 0.299 R + 0.587 G + 0.114 B}.
     */
    GREY;

    /** As it stands in a file. */
    @JsonValue
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    int channels() {
        return this == GREY ? 1 : 3;
    }
}
