package org.quantscope.core.session;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.SchemeTraits;
import org.quantscope.core.rounding.Roundings;

/**
 * A quantizer as a person asks for it in words: the options of the command line, and of a point of a sweep. What is null
 * or false was not said. Complaints name the option as the command line spells it.
 *
 * @param scheme id
 * @param symmetric excludes {@code asymmetric}
 * @param signed excludes {@code unsigned}
 * @param fullRange symmetric codes with the most negative one
 * @param granularity {@code tensor}, {@code channel[:AXIS]} or {@code block:SIZE[:AXIS]}
 * @param calibrator {@code ID[:key=value,…]}
 * @param clip {@code LO,HI} in the units of the tensor
 * @param rounding id
 */
public record AskedQuantizer(
        @Nullable String scheme,
        boolean symmetric,
        boolean asymmetric,
        boolean signed,
        boolean unsigned,
        boolean fullRange,
        @Nullable String granularity,
        @Nullable String calibrator,
        @Nullable String clip,
        @Nullable String rounding) {
    /** The scheme that is meant where none is named. */
    public static final String DEFAULT_SCHEME = "uniform";

    /** The bits of a code where none are named, as far as the scheme has them. */
    public static final int DEFAULT_BITS = 8;

    /** Nothing was said. */
    public static final AskedQuantizer NOTHING =
            new AskedQuantizer(null, false, false, false, false, false, null, null, null, null);

    /** True if anything was said. */
    public boolean given() {
        return symmetric
                || asymmetric
                || signed
                || unsigned
                || fullRange
                || Stream.of(scheme, granularity, calibrator, clip, rounding).anyMatch(o -> o != null);
    }

    /**
     * The spec, with the documented defaults for options that were not given.
     *
     * @param bits bits of a code, or null for 8 or for the bit width that the scheme fixes
     * @throws IllegalArgumentException naming the option and the value
     */
    public QuantSpec spec(@Nullable Integer bits) {
        if (symmetric && asymmetric) {
            throw new IllegalArgumentException("--symmetric and --asymmetric exclude each other");
        }
        if (signed && unsigned) {
            throw new IllegalArgumentException("--signed and --unsigned exclude each other");
        }
        if (clip != null && calibrator != null) {
            throw new IllegalArgumentException("--clip and --calibrator exclude each other");
        }
        String id = scheme == null ? DEFAULT_SCHEME : scheme;
        SchemeTraits traits = Quantizers.byId(id).traits();
        refuse(symmetric || asymmetric, traits.choosesSymmetric(), "--symmetric and --asymmetric", id);
        refuse(signed || unsigned, traits.choosesSigned(), "--signed and --unsigned", id);
        refuse(fullRange, traits.choosesRestrictedRange(), "--full-range", id);
        Clip chosen = clip != null
                ? new Clip.Manual(range(clip))
                : calibrator != null ? calibrator(calibrator) : new Clip.Auto(traits.defaultCalibrator());
        QuantSpec spec = new QuantSpec(
                id,
                bits == null ? Math.clamp(DEFAULT_BITS, traits.minBits(), traits.maxBits()) : bits,
                !unsigned,
                traits.choosesSymmetric() ? !asymmetric : traits.symmetric(),
                !asymmetric && !fullRange,
                granularity == null ? traits.defaultGranularity() : Granularity.parse(granularity),
                chosen,
                Map.of(),
                rounding == null ? QuantSpec.NEAREST : Roundings.byId(rounding).id());
        spec.check();
        if (spec.symmetric() && chosen instanceof Clip.Manual(ClipRange range) && range.lo() != -range.hi()) {
            throw new IllegalArgumentException("--clip: a symmetric grid needs LO = -HI, got " + clip
                    + (traits.choosesSymmetric() ? "; --asymmetric takes any range" : ""));
        }
        return spec;
    }

    private static void refuse(boolean given, boolean applies, String options, String scheme) {
        if (given && !applies) {
            throw new IllegalArgumentException(options + " do not apply to " + scheme);
        }
    }

    /**
     * Parses {@code ID[:key=value,…]}.
     *
     * @throws IllegalArgumentException naming an unknown id, an unknown option or a malformed pair
     */
    public static Clip.Auto calibrator(String text) {
        String[] parts = text.split(":", 2);
        Calibrator known = Calibrators.byId(parts[0]);
        Map<String, String> options = new LinkedHashMap<>();
        if (parts.length == 2) {
            for (String pair : parts[1].split(",", -1)) {
                String[] keyValue = pair.split("=", 2);
                if (keyValue.length != 2 || keyValue[1].isEmpty()) {
                    throw new IllegalArgumentException("--calibrator: key=value is needed, got " + pair);
                }
                Optional<OptionDoc> option = known.options().stream()
                        .filter(o -> o.name().equals(keyValue[0]))
                        .findFirst();
                if (option.isEmpty()) {
                    throw new IllegalArgumentException(
                            "--calibrator: " + known.id() + " has no option " + keyValue[0] + "; it has "
                                    + (known.options().isEmpty()
                                            ? "none"
                                            : String.join(
                                                    ", ",
                                                    known.options().stream()
                                                            .map(OptionDoc::name)
                                                            .toList())));
                }
                // Paths of files are stored in full, because a config may be read from another folder.
                boolean file = option.get().type().equals("file")
                        && !keyValue[1].equals(option.get().defaultValue());
                if (options.put(
                                keyValue[0],
                                file
                                        ? Path.of(keyValue[1])
                                                .toAbsolutePath()
                                                .normalize()
                                                .toString()
                                        : keyValue[1])
                        != null) {
                    throw new IllegalArgumentException("--calibrator: " + keyValue[0] + " is given twice");
                }
            }
        }
        return new Clip.Auto(known.id(), options);
    }

    private static ClipRange range(String text) {
        String[] ends = text.split(",", -1);
        if (ends.length != 2) {
            throw new IllegalArgumentException("--clip: LO,HI is needed, got " + text);
        }
        try {
            return new ClipRange(Float.parseFloat(ends[0]), Float.parseFloat(ends[1]));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--clip: two numbers are needed, got " + text, e);
        }
    }
}
