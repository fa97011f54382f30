package org.quantscope.core.kernel;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses a version of the kernels for this machine. */
final class KernelChoice {
    private static final Logger LOG = LoggerFactory.getLogger(Kernels.class);
    private static final String MODULE = "jdk.incubator.vector";

    /** Narrower registers are not faster than what the compiler makes of plain Java; in bits. */
    private static final int LEAST_BITS = 256;

    static final Kernels CHOSEN = choose(System.getProperty(Kernels.PROPERTY, "auto"), moduleIsThere());

    private KernelChoice() {}

    static boolean moduleIsThere() {
        return ModuleLayer.boot().findModule(MODULE).isPresent();
    }

    static Kernels choose(String asked, boolean moduleThere) {
        String why;
        if (asked.equals("scalar")) {
            why = "asked for by " + Kernels.PROPERTY;
        } else if (!moduleThere) {
            why = "started without --add-modules " + MODULE;
        } else if (asked.equals("vector")) {
            return logged(new VectorKernels(), "asked for by " + Kernels.PROPERTY);
        } else if (VectorKernels.bits() < LEAST_BITS) {
            why = "vectors here have " + VectorKernels.bits() + " bits, " + LEAST_BITS + " are needed";
        } else {
            return logged(new VectorKernels(), "vectors here have " + VectorKernels.bits() + " bits");
        }
        return logged(new ScalarKernels(), why);
    }

    private static Kernels logged(Kernels kernels, String why) {
        LOG.debug("kernels: {} ({})", kernels.name(), why);
        return kernels;
    }
}
