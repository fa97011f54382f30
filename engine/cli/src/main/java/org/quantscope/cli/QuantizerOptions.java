package org.quantscope.cli;

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
import picocli.CommandLine.Option;

/**
 * The options of a quantizer, and the {@link QuantSpec} that they give. A wrong value throws an
 * {@link IllegalArgumentException}, which is reported as wrong usage.
 */
final class QuantizerOptions {
    static final String DEFAULT_SCHEME = "uniform";
    static final int DEFAULT_BITS = 8;

    @Option(
            names = "--scheme",
            paramLabel = "ID",
            description = "Quantizer (default: uniform); see quantscope list quantizers.")
    private @Nullable String scheme;

    @Option(names = "--symmetric", description = "Zero point in the middle of the codes (default).")
    private boolean symmetric;

    @Option(names = "--asymmetric", description = "Zero point wherever the range wants it.")
    private boolean asymmetric;

    @Option(names = "--signed", description = "Signed codes (default).")
    private boolean signed;

    @Option(names = "--unsigned", description = "Codes from 0.")
    private boolean unsigned;

    @Option(names = "--full-range", description = "Symmetric: use the most negative code too.")
    private boolean fullRange;

    @Option(
            names = "--granularity",
            paramLabel = "G",
            description = "tensor (default), channel[:AXIS] or block:SIZE[:AXIS].")
    private @Nullable String granularity;

    @Option(
            names = "--calibrator",
            paramLabel = "ID[:K=V,...]",
            description = "Chooses the range (default: minmax); see quantscope list calibrators.")
    private @Nullable String calibrator;

    @Option(names = "--clip", paramLabel = "LO,HI", description = "The range itself, in the units of the tensor.")
    private @Nullable String clip;

    @Option(
            names = "--rounding",
            paramLabel = "ID",
            description = "How the codes of weights are chosen (default: nearest); see quantscope list roundings. All"
                    + " but nearest need calibration data.")
    private @Nullable String rounding;

    /** True if the clipping range itself was given. */
    boolean givesClip() {
        return clip != null;
    }

    /** True if any of these options was given. */
    boolean given() {
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
    QuantSpec spec(@Nullable Integer bits) {
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
    static Clip.Auto calibrator(String text) {
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
