package org.quantscope.core.sweep;

import java.io.Serializable;

/**
 * A point that has been looked at.
 *
 * @param point its number
 * @param text one line of JSON without its end
 * @param refused true if its settings cannot be, and the row says why
 * @param seconds that it took
 */
public record SweepRow(int point, String text, boolean refused, double seconds) implements Serializable {}
