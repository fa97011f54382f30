package org.quantscope.cli;

import java.util.List;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Spread;

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
            json.put(name, spread(values.size(), i -> values.get(i).floatValue()));
        }
    }

    /** A range alone is put as such; of many the ends are summed up apart, as {@code lo} and {@code hi}. */
    static void put(Json json, String name, List<ClipRange> ranges, boolean all) {
        if (all || ranges.size() <= MOST) {
            json.putRanges(name, ranges);
        } else {
            json.put(
                    name,
                    new Json()
                            .put("lo", spread(ranges.size(), i -> ranges.get(i).lo()))
                            .put("hi", spread(ranges.size(), i -> ranges.get(i).hi())));
        }
    }

    private static Json spread(int count, Spread.Numbers numbers) {
        Spread spread = Spread.of(count, numbers);
        return new Json()
                .put("count", count)
                .putFloat("min", spread.min())
                .putFloat("median", spread.median())
                .putFloat("max", spread.max());
    }
}
