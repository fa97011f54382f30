package org.quantscope.core.versus;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/**
 * A tensor under two settings.
 *
 * @param settings what differs; empty if nothing that was chosen does
 * @param a how it is quantized under A; empty in float
 * @param b likewise under B
 */
public record TensorDifference(
        TensorId id, boolean activation, List<Setting> settings, Optional<Figures> a, Optional<Figures> b) {
    public TensorDifference {
        settings = List.copyOf(settings);
    }

    /**
     * One thing that was chosen differently.
     *
     * @param name in words, such as {@code bits}
     * @param a its value under A, for a person
     * @param b its value under B
     */
    public record Setting(String name, String a, String b) {}

    /**
     * What became of a tensor.
     *
     * @param spec what was asked for
     * @param params what follows from it
     * @param sqnrDb error against the float tensor of its own side, in dB; empty if it is not known or does not exist
     * @param exact false for an estimate from the sketch of an activation
     */
    public record Figures(QuantSpec spec, QuantParams params, OptionalDouble sqnrDb, boolean exact) {
        /** What differs in the parameters and not in what was asked for: the range of another calibration. */
        boolean sameGrid(Figures other) {
            return params.equals(other.params);
        }
    }

    /** True if nothing that was chosen differs, and neither does what came of it. */
    public boolean isSame() {
        return settings.isEmpty()
                && a.isPresent() == b.isPresent()
                && (a.isEmpty() || a.get().sameGrid(b.orElseThrow()));
    }

    /** What differs between two specs; an empty one is float. */
    static List<Setting> settings(Optional<QuantSpec> a, Optional<QuantSpec> b) {
        List<Setting> all = new ArrayList<>();
        if (a.isEmpty() || b.isEmpty()) {
            if (a.isPresent() || b.isPresent()) {
                all.add(new Setting("quantized", said(a), said(b)));
            }
            return all;
        }
        QuantSpec x = a.get();
        QuantSpec y = b.get();
        add(all, "scheme", x.scheme(), y.scheme());
        add(all, "bits", x.bits(), y.bits());
        add(all, "zero", x.symmetric() ? "symmetric" : "asymmetric", y.symmetric() ? "symmetric" : "asymmetric");
        add(all, "codes", x.signed() ? "signed" : "unsigned", y.signed() ? "signed" : "unsigned");
        add(all, "restricted", x.restrictedRange(), y.restrictedRange());
        add(all, "granularity", x.granularity(), y.granularity());
        if (!x.clip().equals(y.clip())) {
            all.add(new Setting("range", range(x.clip()), range(y.clip())));
        }
        add(all, "options", x.options(), y.options());
        add(all, "rounding", x.rounding(), y.rounding());
        return all;
    }

    private static void add(List<Setting> all, String name, Object a, Object b) {
        if (!Objects.equals(a, b)) {
            all.add(new Setting(name, a.toString(), b.toString()));
        }
    }

    private static String said(Optional<QuantSpec> spec) {
        return spec.map(s -> s.bits() + " bits").orElse("float");
    }

    private static String range(Clip clip) {
        return switch (clip) {
            case Clip.Auto(var id, var options) ->
                Calibrators.all().stream()
                                .filter(c -> c.id().equals(id))
                                .map(c -> c.title())
                                .findFirst()
                                .orElse(id)
                        + (options.isEmpty() ? "" : " " + options);
            case Clip.Manual(var r) -> "by hand " + r.lo() + " … " + r.hi();
            case Clip.ManualPerChannel m -> "by hand for each channel";
            case Clip.ManualPerBlock m -> "by hand for each block";
            case Clip.Fixed f -> "of the file";
            case Clip.Dynamic dynamic -> "of each " + dynamic.id();
        };
    }
}
