package org.quantscope.core.sweep;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.json.StrictJson;

/**
 * The figures of the whole data from those of its parts. Only counts are added up, so they are exact: what is right, what
 * agrees, and from these the shares and their paired difference. What is no count, such as the SQNR of the outputs, stays
 * with the parts; so does a score that is no share.
 */
final class WholeData {
    private final Map<String, Sum> sums = new LinkedHashMap<>();

    private WholeData() {}

    /** One setting of one model over the parts seen so far. */
    private static final class Sum {
        private final List<Integer> points = new ArrayList<>();
        private final Map<String, Long> counts = new LinkedHashMap<>();
        private @Nullable Row first;
        private boolean countable = true;
        private @Nullable String refused;

        void add(Row row) {
            points.add(row.point);
            if (first == null) {
                first = row;
            }
            if (row.refused != null) {
                refused = row.refused;
            }
            countable &= row.refused == null && row.counts.containsKey("quantized.correct");
            row.counts.forEach((name, n) -> counts.merge(name, n, Long::sum));
        }
    }

    /** What is read of a row. */
    private static final class Row {
        private int point = -1;
        private String model = "";
        private String metric = "";
        private @Nullable String refused;
        private final Map<String, Object> settings = new LinkedHashMap<>();
        private final Map<String, Long> counts = new LinkedHashMap<>();
        private final Map<String, Long> sizes = new LinkedHashMap<>();
    }

    /**
     * Writes one line for each setting of each model whose parts all have their row.
     *
     * @param points all points of the plan
     */
    static void write(Path rows, int mostBytes, List<SweepPoint> points, int shards, Path to) throws IOException {
        WholeData whole = new WholeData();
        RowFile.forEach(rows, mostBytes, (line, text, end) -> {
            Row row = read(rows, text);
            SweepPoint point = points.get(row.point);
            PointSettings settings = new PointSettings(
                    point.settings().corrections(), 0, point.settings().values());
            whole.sums
                    .computeIfAbsent((point.model().name() + " " + settings.key(1)).strip(), key -> new Sum())
                    .add(row);
        });
        AtomicFile.write(to, out -> {
            for (Map.Entry<String, Sum> entry : whole.sums.entrySet()) {
                if (entry.getValue().points.size() == shards) {
                    out.write((RowText.of(fields(entry.getKey(), entry.getValue())) + "\n")
                            .getBytes(StandardCharsets.UTF_8));
                }
            }
        });
    }

    private static Map<String, Object> fields(String key, Sum sum) {
        Row first = sum.first;
        if (first == null) {
            throw new IllegalStateException("points: a sum of none");
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("key", key);
        fields.put("points", sum.points);
        fields.put("model", first.model);
        fields.put("settings", first.settings);
        if (sum.refused != null) {
            fields.put("refused", sum.refused);
            return fields;
        }
        fields.put("metric", first.metric);
        fields.put("size_bytes", first.sizes);
        if (!sum.countable || Task.byId(first.metric).filter(Task::isProportion).isEmpty()) {
            fields.put("refused", first.metric + " is no share: its parts do not add up");
            return fields;
        }
        long total = count(sum, "quantized.total");
        double was = count(sum, "float32.correct") / (double) total;
        double is = count(sum, "quantized.correct") / (double) total;
        fields.put("float32", share(sum, "float32", total, was));
        fields.put("quantized", share(sum, "quantized", total, is));
        fields.put("delta", is - was);
        // All samples are seen: the interval has no width.
        PairedInterval interval = PairedInterval.of(count(sum, "gained"), count(sum, "lost"), total, total);
        fields.put("delta_lo95", interval.lo());
        fields.put("delta_hi95", interval.hi());
        if (sum.counts.containsKey("agree")) {
            fields.put("agreement", count(sum, "agree") / (double) count(sum, "samples"));
        }
        return fields;
    }

    private static long count(Sum sum, String name) {
        return Optional.ofNullable(sum.counts.get(name)).orElse(0L);
    }

    private static Map<String, Object> share(Sum sum, String name, long total, double accuracy) {
        Map<String, Object> share = new LinkedHashMap<>();
        share.put("correct", count(sum, name + ".correct"));
        share.put("total", total);
        share.put("accuracy", accuracy);
        return share;
    }

    private static Row read(Path file, byte[] text) throws IOException {
        return StrictJson.read(file, text, json -> {
            Row row = new Row();
            json.object(name -> {
                switch (name) {
                    case "point" -> row.point = json.integer(0, Integer.MAX_VALUE);
                    case "model" -> row.model = json.string();
                    case "metric" -> row.metric = json.string();
                    case "refused" -> row.refused = json.string();
                    case "settings" -> settings(json, row);
                    case "size_bytes" -> json.object(of -> row.sizes.put(of, Long.parseLong(json.number())));
                    case "float32", "quantized" ->
                        json.object(of -> {
                            if (of.equals("accuracy") || !json.isNumber()) {
                                json.skip();
                            } else if (of.equals("correct") || of.equals("total")) {
                                row.counts.put(name + "." + of, Long.parseLong(json.number()));
                            }
                        });
                    case "paired" -> json.object(of -> row.counts.put(of, Long.parseLong(json.number())));
                    default -> json.skip();
                }
            });
            return row;
        });
    }

    private static void settings(StrictJson json, Row row) {
        json.object(axis -> {
            if (json.isArray()) {
                List<String> list = new ArrayList<>();
                json.array(() -> list.add(json.string()));
                row.settings.put(axis, list);
            } else if (json.isString()) {
                row.settings.put(axis, json.string());
            } else if (!axis.equals("shard")) {
                row.settings.put(axis, json.integer(0, Integer.MAX_VALUE));
            }
        });
    }
}
