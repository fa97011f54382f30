package org.quantscope.core.quant;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Where the ranges of a tensor come from. */
public sealed interface Clip {
    /**
     * A calibrator chooses the ranges.
     *
     * @param options its options, by name; an option left out has its default
     */
    record Auto(String calibratorId, Map<String, String> options) implements Clip {
        public Auto {
            options = java.util.Collections.unmodifiableMap(new TreeMap<>(options));
        }

        public Auto(String calibratorId) {
            this(calibratorId, Map.of());
        }
    }

    /** One range set by hand, for the whole tensor or for each of its slices alike. */
    record Manual(ClipRange range) implements Clip {}

    /** A range for each channel, set by hand. */
    record ManualPerChannel(List<ClipRange> ranges) implements Clip {
        public ManualPerChannel {
            ranges = List.copyOf(ranges);
        }
    }

    /** A range for each block, set by hand, block-major in storage order. */
    record ManualPerBlock(List<ClipRange> ranges) implements Clip {
        public ManualPerBlock {
            ranges = List.copyOf(ranges);
        }
    }

    /**
     * Parameters that are used as they are, read from another tool's file or frozen. Dragging a handle turns this into
     * {@link Manual}.
     */
    record Fixed(QuantParams params) implements Clip {}

    /**
     * The range of the values themselves, found anew while the network runs, as ONNX DynamicQuantizeLinear does; for
     * activations only. Dragging a handle turns this into {@link Manual}.
     *
     * @param eachSample of each sample; else of all values of a batch together
     */
    record Dynamic(boolean eachSample) implements Clip {
        /** The id of {@link #eachSample} in files and options. */
        public static final String SAMPLE = "sample";

        /** The id of its opposite. */
        public static final String BATCH = "batch";

        /** {@value #SAMPLE} or {@value #BATCH}. */
        public String id() {
            return eachSample ? SAMPLE : BATCH;
        }

        /** For people. */
        public String title() {
            return eachSample ? "Of each sample" : "Of each batch";
        }
    }
}
