package org.quantscope.cli;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.quantscope.core.quant.ClipRange;

/**
 * Figures of every block in JSON: as a list, or in more than 10,000 as {@code {count, min, median, max}}, since a list
 * of millions helps nobody. Of an even count the median is the upper of the two in the middle.
 */
final class PerBlock {
    private static final int MOST = 10_000;

    private PerBlock() {}

    /** @param all put a list whatever its length */
    static void putNumbers(Json json, String name, List<? extends Number> values, boolean all) {
        if (all || values.size() <= MOST) {
            json.putView(name, values);
        } else {
            json.put(name, spread(values, Number::doubleValue));
        }
    }

    /** A range alone is put as such; of many the ends are summed up apart, as {@code lo} and {@code hi}. */
    static void put(Json json, String name, List<ClipRange> ranges, boolean all) {
        if (all || ranges.size() <= MOST) {
            json.putRanges(name, ranges);
        } else {
            json.put(
                    name, new Json().put("lo", spread(ranges, ClipRange::lo)).put("hi", spread(ranges, ClipRange::hi)));
        }
    }

    private static <T> Json spread(List<T> values, ToDoubleFunction<? super T> figure) {
        float[] sorted = new float[values.size()];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = (float) figure.applyAsDouble(values.get(i));
        }
        Arrays.sort(sorted);
        return new Json()
                .put("count", sorted.length)
                .putFloat("min", sorted[0])
                .putFloat("median", sorted[sorted.length / 2])
                .putFloat("max", sorted[sorted.length - 1]);
    }
}
