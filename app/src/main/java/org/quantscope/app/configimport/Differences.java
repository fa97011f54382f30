package org.quantscope.app.configimport;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.app.session.Measured;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;

/** Says in words what an imported setting would change. */
final class Differences {
    private Differences() {}

    /** The hull of the ranges of a spec; empty if a calibrator has yet to find them. */
    static Optional<ClipRange> range(QuantSpec spec) {
        return switch (spec.clip()) {
            case Clip.Auto _, Clip.Dynamic _ -> Optional.empty();
            case Clip.Manual m -> Optional.of(m.range());
            case Clip.ManualPerChannel m -> Optional.of(hull(m.ranges()));
            case Clip.ManualPerBlock m -> Optional.of(hull(m.ranges()));
            case Clip.Fixed f -> Optional.of(hull(f.params().effective()));
        };
    }

    private static ClipRange hull(List<ClipRange> ranges) {
        float lo = ranges.getFirst().lo();
        float hi = ranges.getFirst().hi();
        for (ClipRange r : ranges) {
            lo = Math.min(lo, r.lo());
            hi = Math.max(hi, r.hi());
        }
        return new ClipRange(lo, hi);
    }

    /** A few words for each difference; empty if the import changes nothing. */
    static List<String> of(QuantSpec next, Optional<QuantSpec> present, Optional<Measured> measured) {
        if (present.isEmpty()) {
            return List.of("float now");
        }
        QuantSpec now = present.get();
        if (now.equals(next)
                || (next.clip() instanceof Clip.Fixed f
                        && measured.filter(m -> m.params().equals(f.params())).isPresent())) {
            return List.of();
        }
        List<String> words = new ArrayList<>();
        if (!now.scheme().equals(next.scheme())) {
            words.add(now.quantizer().title() + " → " + next.quantizer().title());
        }
        if (now.bits() != next.bits()) {
            words.add(now.bits() + " → " + next.bits() + " bits");
        }
        if (now.signed() != next.signed()) {
            words.add(next.signed() ? "signed" : "unsigned");
        }
        if (now.symmetric() != next.symmetric()) {
            words.add(next.symmetric() ? "symmetric" : "asymmetric");
        }
        if (now.restrictedRange() != next.restrictedRange()) {
            words.add(next.restrictedRange() ? "narrow codes" : "all codes");
        }
        if (!grain(now).equals(grain(next))) {
            words.add("per " + grain(now) + " → per " + grain(next));
        }
        if (words.isEmpty()) {
            words.add("range");
        }
        return words;
    }

    private static String grain(QuantSpec spec) {
        return switch (spec.granularity()) {
            case Granularity.PerTensor _ -> "tensor";
            case Granularity.PerChannel _ -> "channel";
            case Granularity.PerBlock b -> "block of " + b.size();
        };
    }
}
