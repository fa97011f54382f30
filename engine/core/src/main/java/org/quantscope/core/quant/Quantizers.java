package org.quantscope.core.quant;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Every scheme, in the order in which they are offered. */
public final class Quantizers {
    private static final List<Quantizer> ALL = List.of(
            new UniformQuantizer(),
            new PowerOfTwoQuantizer(),
            new Log2Quantizer(),
            new ApotQuantizer(),
            new LloydMaxQuantizer(),
            new NormalFloatQuantizer(),
            new Iq4NlQuantizer(),
            new MinifloatQuantizer("fp8_e4m3fn", "FP8 E4M3", Minifloat.E4M3FN),
            new MinifloatQuantizer("fp8_e5m2", "FP8 E5M2", Minifloat.E5M2),
            new MinifloatQuantizer("fp6_e2m3", "FP6 E2M3", Minifloat.E2M3),
            new MinifloatQuantizer("fp6_e3m2", "FP6 E3M2", Minifloat.E3M2),
            new MinifloatQuantizer("fp4_e2m1", "FP4 E2M1", Minifloat.E2M1),
            MxQuantizer.of("mxfp4", "MXFP4", Minifloat.E2M1),
            MxQuantizer.of("mxfp6_e2m3", "MXFP6 E2M3", Minifloat.E2M3),
            MxQuantizer.of("mxfp6_e3m2", "MXFP6 E3M2", Minifloat.E3M2),
            MxQuantizer.of("mxfp8_e4m3", "MXFP8 E4M3", Minifloat.E4M3FN),
            MxQuantizer.of("mxfp8_e5m2", "MXFP8 E5M2", Minifloat.E5M2),
            MxQuantizer.int8(),
            new NvFp4Quantizer(),
            new TernaryQuantizer(),
            new BinaryQuantizer());

    private static final Map<String, Quantizer> BY_ID =
            ALL.stream().collect(Collectors.toUnmodifiableMap(Quantizer::id, quantizer -> quantizer));

    private Quantizers() {}

    public static List<Quantizer> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static Quantizer byId(String id) {
        Quantizer found = BY_ID.get(id);
        if (found == null) {
            throw new IllegalArgumentException("scheme: " + id + " is not one of "
                    + ALL.stream().map(Quantizer::id).collect(Collectors.joining(", ")));
        }
        return found;
    }
}
