package org.quantscope.core.session;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.json.StrictJson;

/**
 * What a model may cost at most and must reach at least; a field that is empty is no limit.
 *
 * @param flashBytes the most bytes of weights as packed
 * @param ramBytes the most bytes of activations at a time
 * @param macs the most multiplications for one sample
 * @param ms the most milliseconds for one sample, as measured on this machine
 * @param accuracy the least accuracy of the quantized model, 0 to 1
 * @param classAccuracy the least accuracy on every class that has samples, 0 to 1
 */
public record DeviceBudget(
        OptionalDouble flashBytes,
        OptionalDouble ramBytes,
        OptionalDouble macs,
        OptionalDouble ms,
        OptionalDouble accuracy,
        OptionalDouble classAccuracy) {
    /** No limits. */
    public static final DeviceBudget NONE = new DeviceBudget(
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty());

    private static final long MOST_BYTES = 1 << 16;

    public DeviceBudget {
        positive("flash_bytes", flashBytes);
        positive("ram_bytes", ramBytes);
        positive("macs", macs);
        positive("ms", ms);
        share("accuracy", accuracy);
        share("class_accuracy", classAccuracy);
    }

    private static void positive(String name, OptionalDouble value) {
        if (value.isPresent() && !(value.getAsDouble() >= 0 && Double.isFinite(value.getAsDouble()))) {
            throw new IllegalArgumentException(name + ": must not be negative, got " + value.getAsDouble());
        }
    }

    private static void share(String name, OptionalDouble value) {
        if (value.isPresent() && !(value.getAsDouble() >= 0 && value.getAsDouble() <= 1)) {
            throw new IllegalArgumentException(name + ": must be from 0 to 1, got " + value.getAsDouble());
        }
    }

    /**
     * What one limit is compared with: a value, or why there is none.
     *
     * @param value empty if it is not known
     * @param why empty where the value is known
     */
    public record Figure(OptionalDouble value, String why) {
        public static Figure of(double value) {
            return new Figure(OptionalDouble.of(value), "");
        }

        public static Figure unknown(String why) {
            return new Figure(OptionalDouble.empty(), why);
        }
    }

    /** What a budget is compared with. */
    public record Found(
            Figure flashBytes, Figure ramBytes, Figure macs, Figure ms, Figure accuracy, Figure classAccuracy) {}

    /**
     * One limit.
     *
     * @param what its name in the file
     * @param value what was found; empty if it is not known, which does not keep the limit
     * @param why why it is not known; empty if it is
     * @param atMost true if the value may not be larger, false if it may not be smaller
     */
    public record Check(String what, double limit, OptionalDouble value, String why, boolean atMost) {
        /** True if the limit is kept. */
        public boolean ok() {
            return value.isPresent() && (atMost ? value.getAsDouble() <= limit : value.getAsDouble() >= limit);
        }
    }

    private record Stored(
            @Nullable Double flashBytes,
            @Nullable Double ramBytes,
            @Nullable Double macs,
            @Nullable Double ms,
            @Nullable Double accuracy,
            @Nullable Double classAccuracy) {}

    /**
     * Reads a budget.
     *
     * @throws BadInputException if the file is no JSON object of these fields, or a value is out of range
     */
    public static DeviceBudget read(Path file) throws IOException {
        return StrictJson.read(file, MOST_BYTES, 1000, DeviceBudget::read);
    }

    /** Reads the object of a budget inside a file. */
    static DeviceBudget read(StrictJson json) {
        Stored stored = json.record(Stored.class, false);
        DeviceBudget budget = json.make(() -> new DeviceBudget(
                of(stored.flashBytes),
                of(stored.ramBytes),
                of(stored.macs),
                of(stored.ms),
                of(stored.accuracy),
                of(stored.classAccuracy)));
        if (budget.isNone()) {
            throw json.bad("states no limit; flash_bytes, ram_bytes, macs, ms, accuracy or class_accuracy is needed");
        }
        return budget;
    }

    /** True if nothing is limited. */
    public boolean isNone() {
        return equals(NONE);
    }

    /** Takes each limit that is stated with its name in the file, in the order of the fields. */
    void forEach(BiConsumer<String, Double> taker) {
        flashBytes.ifPresent(v -> taker.accept("flash_bytes", v));
        ramBytes.ifPresent(v -> taker.accept("ram_bytes", v));
        macs.ifPresent(v -> taker.accept("macs", v));
        ms.ifPresent(v -> taker.accept("ms", v));
        accuracy.ifPresent(v -> taker.accept("accuracy", v));
        classAccuracy.ifPresent(v -> taker.accept("class_accuracy", v));
    }

    private static OptionalDouble of(@Nullable Double value) {
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    /** Each limit that is stated, in the order of the fields. */
    public List<Check> check(Found found) {
        List<Check> checks = new ArrayList<>();
        add(checks, "flash_bytes", flashBytes, found.flashBytes, true);
        add(checks, "ram_bytes", ramBytes, found.ramBytes, true);
        add(checks, "macs", macs, found.macs, true);
        add(checks, "ms", ms, found.ms, true);
        add(checks, "accuracy", accuracy, found.accuracy, false);
        add(checks, "class_accuracy", classAccuracy, found.classAccuracy, false);
        return checks;
    }

    private static void add(List<Check> checks, String what, OptionalDouble limit, Figure found, boolean atMost) {
        if (limit.isPresent()) {
            checks.add(new Check(what, limit.getAsDouble(), found.value, found.why, atMost));
        }
    }
}
