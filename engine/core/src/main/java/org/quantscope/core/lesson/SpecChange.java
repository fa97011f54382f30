package org.quantscope.core.lesson;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.SchemeTraits;
import org.quantscope.core.rounding.Roundings;

/**
 * Some settings of a quantizer, as a person changes them one after the other; those that are not named stay. The names
 * and values are those of the command line: {@code bits: 4}, {@code calibrator: percentile:p=99.9}, {@code clip: -2,2}.
 *
 * @param settings by name, checked
 */
record SpecChange(Map<String, String> settings) {
    static final SpecChange NONE = new SpecChange(Map.of());

    static final List<String> NAMES = List.of(
            "bits", "scheme", "symmetric", "signed", "full-range", "granularity", "calibrator", "clip", "rounding");

    SpecChange {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        QuantSpec spec = QuantSpec.WEIGHTS;
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            spec = changed(spec, setting.getKey(), setting.getValue());
        }
    }

    /**
     * The spec after the change.
     *
     * @throws IllegalArgumentException if the scheme does not allow it
     */
    QuantSpec apply(QuantSpec spec) {
        QuantSpec after = spec;
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            after = changed(after, setting.getKey(), setting.getValue());
        }
        after.check();
        return after;
    }

    private static QuantSpec changed(QuantSpec spec, String name, String value) {
        return switch (name) {
            case "bits" -> spec.withBits(whole(value));
            case "scheme" -> ofScheme(spec, value);
            case "symmetric" -> {
                boolean on = flag(name, value);
                yield spec.withSymmetric(on)
                        .withRestrictedRange(on && spec.signed())
                        .withSigned(spec.signed());
            }
            case "signed" -> {
                boolean on = flag(name, value);
                yield spec.withSigned(on).withRestrictedRange(on && spec.symmetric());
            }
            case "full-range" -> spec.withRestrictedRange(!flag(name, value));
            case "granularity" -> spec.withGranularity(Granularity.parse(value));
            case "calibrator" -> spec.withClip(calibrator(value));
            case "clip" -> spec.withClip(new Clip.Manual(range(value)));
            case "rounding" -> spec.withRounding(Roundings.byId(value).id());
            default -> throw new IllegalArgumentException(Yaml.unknown(name, NAMES));
        };
    }

    /** As when the scheme is chosen in the window: it brings what it fixes. */
    private static QuantSpec ofScheme(QuantSpec spec, String id) {
        SchemeTraits traits = Quantizers.byId(id).traits();
        return new QuantSpec(
                id,
                Math.clamp(spec.bits(), traits.minBits(), traits.maxBits()),
                spec.signed(),
                traits.choosesSymmetric() ? spec.symmetric() : traits.symmetric(),
                spec.restrictedRange(),
                traits.defaultGranularity(),
                new Clip.Auto(traits.defaultCalibrator()),
                Map.of());
    }

    private static int whole(String value) {
        try {
            return Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("bits: a whole number is needed, got \"" + value + "\"", e);
        }
    }

    private static boolean flag(String name, String value) {
        if (!value.equals("true") && !value.equals("false")) {
            throw new IllegalArgumentException(name + ": true or false is needed, got \"" + value + "\"");
        }
        return value.equals("true");
    }

    private static ClipRange range(String value) {
        String[] ends = value.replace("[", "").replace("]", "").split(",", -1);
        try {
            if (ends.length == 1) {
                return ClipRange.symmetric(Math.abs(Float.parseFloat(ends[0].strip())));
            }
            if (ends.length == 2) {
                return new ClipRange(Float.parseFloat(ends[0].strip()), Float.parseFloat(ends[1].strip()));
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("clip: LO,HI is needed, got \"" + value + "\"", e);
        }
        throw new IllegalArgumentException("clip: LO,HI is needed, got \"" + value + "\"");
    }

    private static Clip.Auto calibrator(String text) {
        String[] parts = text.split(":", 2);
        Calibrator known = Calibrators.byId(parts[0]);
        Map<String, String> options = new LinkedHashMap<>();
        if (parts.length == 2) {
            for (String pair : parts[1].split(",", -1)) {
                String[] keyValue = pair.split("=", 2);
                boolean option = known.options().stream().anyMatch(o -> o.name().equals(keyValue[0]));
                if (keyValue.length != 2 || !option) {
                    throw new IllegalArgumentException(
                            "calibrator: " + known.id() + " has no option \"" + pair.toLowerCase(Locale.ROOT) + "\"");
                }
                options.put(keyValue[0], keyValue[1]);
            }
        }
        return new Clip.Auto(known.id(), options);
    }

    /** The calibrator's own clip, if one is named. */
    Optional<String> clip() {
        return Optional.ofNullable(settings.get("clip"));
    }
}
