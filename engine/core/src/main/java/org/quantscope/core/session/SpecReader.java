package org.quantscope.core.session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rounding.Roundings;

/** Reads the quantizer settings of a session file: specs, clips, ranges and parameters. */
final class SpecReader {
    private static final int MOST_LEVELS = 1 << QuantSpec.MAX_BITS;

    private SpecReader() {}

    static QuantSpec read(StrictJson json) {
        var read = new Object() {
            @Nullable
            String scheme;

            @Nullable
            Integer bits;

            @Nullable
            Boolean signed;

            @Nullable
            Boolean symmetric;

            @Nullable
            Boolean restrictedRange;

            @Nullable
            Granularity granularity;

            @Nullable
            Clip clip;

            Map<String, String> options = Map.of();

            String rounding = QuantSpec.NEAREST;
        };
        json.object(name -> {
            switch (name) {
                case "scheme" -> read.scheme = json.string();
                case "bits" -> read.bits = json.integer(1, QuantSpec.MAX_BITS);
                case "signed" -> read.signed = json.bool();
                case "symmetric" -> read.symmetric = json.bool();
                case "narrow_range" -> read.restrictedRange = json.bool();
                case "granularity" -> read.granularity = readGranularity(json);
                case "clip" -> read.clip = readClip(json);
                case "options" -> read.options = readOptions(json);
                case "rounding" -> read.rounding = json.string();
                default ->
                    throw json.unknown(
                            "scheme",
                            "bits",
                            "signed",
                            "symmetric",
                            "narrow_range",
                            "granularity",
                            "clip",
                            "options",
                            "rounding");
            }
        });
        String at = json.path();
        QuantSpec spec = new QuantSpec(
                json.required(at, "scheme", read.scheme),
                json.required(at, "bits", read.bits),
                json.required(at, "signed", read.signed),
                json.required(at, "symmetric", read.symmetric),
                json.required(at, "narrow_range", read.restrictedRange),
                json.required(at, "granularity", read.granularity),
                json.required(at, "clip", read.clip),
                read.options,
                read.rounding);
        return json.make(() -> known(spec));
    }

    /** @throws IllegalArgumentException if the spec names an unknown scheme, calibrator or option */
    private static QuantSpec known(QuantSpec spec) {
        spec.check();
        Roundings.byId(spec.rounding());
        if (spec.clip() instanceof Clip.Auto auto) {
            Calibrator calibrator = Calibrators.byId(auto.calibratorId());
            for (String option : auto.options().keySet()) {
                if (calibrator.options().stream().noneMatch(o -> o.name().equals(option))) {
                    throw new IllegalArgumentException("clip.options: " + calibrator.id() + " has no option " + option);
                }
            }
        }
        return spec;
    }

    static ClipRange readRange(StrictJson json) {
        var read = new Object() {
            @Nullable
            Float lo;

            @Nullable
            Float hi;
        };
        json.object(name -> {
            switch (name) {
                case "lo" -> read.lo = json.float32();
                case "hi" -> read.hi = json.float32();
                default -> throw json.unknown("lo", "hi");
            }
        });
        String at = json.path();
        float lo = json.required(at, "lo", read.lo);
        float hi = json.required(at, "hi", read.hi);
        return json.make(() -> new ClipRange(lo, hi));
    }

    static FittedLevels readLevels(StrictJson json) {
        var read = new Object() {
            @Nullable
            String scheme;

            @Nullable
            Integer bits;

            @Nullable
            Float lo;

            @Nullable
            Float hi;

            @Nullable
            CodebookGrid levels;
        };
        json.object(name -> {
            switch (name) {
                case "scheme" -> read.scheme = json.string();
                case "bits" -> read.bits = json.integer(1, QuantSpec.MAX_BITS);
                case "lo" -> read.lo = json.float32();
                case "hi" -> read.hi = json.float32();
                case "levels" -> read.levels = readCodebook(json);
                default -> throw json.unknown("scheme", "bits", "lo", "hi", "levels");
            }
        });
        String at = json.path();
        String scheme = json.required(at, "scheme", read.scheme);
        int bits = json.required(at, "bits", read.bits);
        float lo = json.required(at, "lo", read.lo);
        float hi = json.required(at, "hi", read.hi);
        CodebookGrid levels = json.required(at, "levels", read.levels);
        return json.make(() -> new FittedLevels(scheme, bits, new ClipRange(lo, hi), levels));
    }

    /**
     * Checks one entry of the list of resolved parameters. It is not kept, because it follows from the rest of the
     * file.
     */
    static void checkResolved(StrictJson json) {
        Parameters read = new Parameters();
        int[] ends = {-1, -1};
        boolean[] named = new boolean[1];
        json.object(name -> {
            switch (name) {
                case "name" -> named[0] = !json.string().isEmpty();
                case "kind", "scheme", "dynamic" -> json.string();
                case "bits" -> json.integer(1, QuantSpec.MAX_BITS);
                case "rmin" -> ends[0] = floats(json).length;
                case "rmax" -> ends[1] = floats(json).length;
                default -> {
                    if (!read.member(json, name)) {
                        throw json.unknown(
                                "name",
                                "kind",
                                "scheme",
                                "bits",
                                "dynamic",
                                "granularity",
                                "scale",
                                "zero_point",
                                "qmin",
                                "qmax",
                                "codebooks",
                                "rmin",
                                "rmax");
                    }
                }
            }
        });
        json.required(json.path(), "name", named[0] ? true : null);
        int slices = read.build(json).slices();
        if (ends[0] != slices || ends[1] != slices) {
            throw json.bad(
                    Math.max(0, ends[0]) + " rmin and " + Math.max(0, ends[1]) + " rmax for " + slices + " scales");
        }
    }

    private static Clip readClip(StrictJson json) {
        var read = new Object() {
            @Nullable
            String kind;

            @Nullable
            String calibrator;

            @Nullable
            String of;

            @Nullable
            Map<String, String> options;

            @Nullable
            Float lo;

            @Nullable
            Float hi;

            @Nullable
            List<ClipRange> ranges;

            boolean parameters;
        };
        Parameters parameters = new Parameters();
        json.object(name -> {
            switch (name) {
                case "kind" -> read.kind = json.string();
                case "calibrator" -> read.calibrator = json.string();
                case "of" -> read.of = json.string();
                case "options" -> read.options = readOptions(json);
                case "lo" -> read.lo = json.float32();
                case "hi" -> read.hi = json.float32();
                case "ranges" -> {
                    List<ClipRange> ranges = new ArrayList<>();
                    json.array(() -> ranges.add(readRange(json)));
                    if (ranges.isEmpty()) {
                        throw json.bad("at least one range is needed, got an empty list");
                    }
                    read.ranges = ranges;
                }
                default -> {
                    if (!parameters.member(json, name)) {
                        throw json.unknown(
                                "kind",
                                "calibrator",
                                "of",
                                "options",
                                "lo",
                                "hi",
                                "ranges",
                                "granularity",
                                "scale",
                                "zero_point",
                                "qmin",
                                "qmax",
                                "codebooks");
                    }
                    read.parameters = true;
                }
            }
        });
        String at = json.path();
        String kind = json.required(at, "kind", read.kind);
        boolean auto = kind.equals("auto");
        boolean manual = kind.equals("manual");
        boolean list = kind.equals("manual-per-channel") || kind.equals("manual-per-block");
        boolean fixed = kind.equals("fixed");
        boolean dynamic = kind.equals("dynamic");
        if (!auto && !manual && !list && !fixed && !dynamic) {
            throw json.bad("kind \"" + kind
                    + "\" is none of auto, manual, manual-per-channel, manual-per-block, fixed, dynamic");
        }
        if ((!auto && (read.calibrator != null || read.options != null))
                || (!manual && (read.lo != null || read.hi != null))
                || (!list && read.ranges != null)
                || (!dynamic && read.of != null)
                || (!fixed && read.parameters)) {
            throw json.bad("a field does not belong to kind \"" + kind + '"');
        }
        if (auto) {
            return new Clip.Auto(
                    json.required(at, "calibrator", read.calibrator), read.options == null ? Map.of() : read.options);
        }
        if (manual) {
            float lo = json.required(at, "lo", read.lo);
            float hi = json.required(at, "hi", read.hi);
            return new Clip.Manual(json.make(() -> new ClipRange(lo, hi)));
        }
        if (list) {
            List<ClipRange> ranges = json.required(at, "ranges", read.ranges);
            return kind.equals("manual-per-channel")
                    ? new Clip.ManualPerChannel(ranges)
                    : new Clip.ManualPerBlock(ranges);
        }
        if (dynamic) {
            String of = json.required(at, "of", read.of);
            if (!of.equals(Clip.Dynamic.SAMPLE) && !of.equals(Clip.Dynamic.BATCH)) {
                throw json.bad("of \"" + of + "\" is neither " + Clip.Dynamic.SAMPLE + " nor " + Clip.Dynamic.BATCH);
            }
            return new Clip.Dynamic(of.equals(Clip.Dynamic.SAMPLE));
        }
        return new Clip.Fixed(parameters.build(json));
    }

    /** The members of a {@link QuantParams}. */
    static final class Parameters {
        private @Nullable Granularity granularity;
        private float @Nullable [] scale;
        private int @Nullable [] zeroPoint;
        private @Nullable Integer qmin;
        private @Nullable Integer qmax;
        private @Nullable List<CodebookGrid> codebooks;

        /** Reads the member if it is one of those of {@link QuantParams}; returns false if it is not. */
        boolean member(StrictJson json, String name) {
            switch (name) {
                case "granularity" -> granularity = readGranularity(json);
                case "scale" -> scale = floats(json);
                case "zero_point" -> zeroPoint = ints(json);
                case "qmin" -> qmin = json.integer(-65536, 65536);
                case "qmax" -> qmax = json.integer(-65536, 65536);
                case "codebooks" -> codebooks = readCodebooks(json);
                default -> {
                    return false;
                }
            }
            return true;
        }

        QuantParams build(StrictJson json) {
            String at = json.path();
            Granularity g = json.required(at, "granularity", granularity);
            float[] s = json.required(at, "scale", scale);
            List<CodebookGrid> books = codebooks;
            if (books != null) {
                if (zeroPoint != null || qmin != null || qmax != null) {
                    throw json.bad("codebooks have no zero_point, qmin or qmax");
                }
                return json.make(() -> QuantParams.ofCodebooks(g, s, books));
            }
            int[] z = json.required(at, "zero_point", zeroPoint);
            int lo = json.required(at, "qmin", qmin);
            int hi = json.required(at, "qmax", qmax);
            return json.make(() -> new QuantParams(g, s, z, lo, hi));
        }
    }

    private static List<CodebookGrid> readCodebooks(StrictJson json) {
        List<CodebookGrid> codebooks = new ArrayList<>();
        json.array(() -> codebooks.add(readCodebook(json)));
        return codebooks;
    }

    private static CodebookGrid readCodebook(StrictJson json) {
        float[] levels = floats(json);
        if (levels.length > MOST_LEVELS) {
            throw json.bad("at most " + MOST_LEVELS + " levels are read, got " + levels.length);
        }
        return json.make(() -> new CodebookGrid(levels));
    }

    private static Granularity readGranularity(StrictJson json) {
        String text = json.string();
        return json.make(() -> Granularity.parse(text));
    }

    private static Map<String, String> readOptions(StrictJson json) {
        Map<String, String> options = new TreeMap<>();
        json.object(name -> options.put(name, json.string()));
        return options;
    }

    private static float[] floats(StrictJson json) {
        var read = new Object() {
            float[] values = new float[16];
            int count;
        };
        json.array(() -> {
            if (read.count == read.values.length) {
                read.values = Arrays.copyOf(read.values, read.count * 2);
            }
            read.values[read.count++] = json.float32();
        });
        return Arrays.copyOf(read.values, read.count);
    }

    private static int[] ints(StrictJson json) {
        var read = new Object() {
            int[] values = new int[16];
            int count;
        };
        json.array(() -> {
            if (read.count == read.values.length) {
                read.values = Arrays.copyOf(read.values, read.count * 2);
            }
            read.values[read.count++] = json.integer(Integer.MIN_VALUE, Integer.MAX_VALUE);
        });
        return Arrays.copyOf(read.values, read.count);
    }
}
