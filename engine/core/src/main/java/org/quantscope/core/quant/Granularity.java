package org.quantscope.core.quant;

/** How many ranges a tensor has. */
public sealed interface Granularity {
    /** One range for all values. */
    record PerTensor() implements Granularity {
        @Override
        public String toString() {
            return "tensor";
        }
    }

    /**
     * One range for each index of an axis.
     *
     * @param axis counted from 0; {@link #DEFAULT_AXIS} means the channel axis that follows from the operator reading
     *     the tensor, or 0 where that is unknown
     */
    record PerChannel(int axis) implements Granularity {
        public static final int DEFAULT_AXIS = -1;

        public PerChannel {
            if (axis < DEFAULT_AXIS) {
                throw new IllegalArgumentException("granularity.axis: at least 0, got " + axis);
            }
        }

        @Override
        public String toString() {
            return axis == DEFAULT_AXIS ? "channel" : "channel:" + axis;
        }
    }

    /**
     * One range for each run of {@code size} values along an axis (the last one may be shorter).
     *
     * @param axis as in {@link PerChannel}, but the default is the last axis that is not the channel axis
     */
    record PerBlock(int axis, int size) implements Granularity {
        public static final int DEFAULT_AXIS = -1;

        public PerBlock {
            if (axis < DEFAULT_AXIS) {
                throw new IllegalArgumentException("granularity.axis: at least 0, got " + axis);
            }
            if (size < 1) {
                throw new IllegalArgumentException("granularity.size: at least 1, got " + size);
            }
        }

        @Override
        public String toString() {
            return axis == DEFAULT_AXIS ? "block:" + size : "block:" + size + ":" + axis;
        }
    }

    Granularity TENSOR = new PerTensor();
    Granularity CHANNEL = new PerChannel(PerChannel.DEFAULT_AXIS);

    /**
     * Reads {@code tensor}, {@code channel}, {@code channel:AXIS}, {@code block:SIZE} or {@code block:SIZE:AXIS}, as written by {@code toString}.
     *
     * @throws IllegalArgumentException naming the text if it is none of these
     */
    static Granularity parse(String text) {
        String[] part = text.split(":", -1);
        try {
            if (part[0].equals("tensor") && part.length == 1) {
                return TENSOR;
            }
            if (part[0].equals("channel") && part.length <= 2) {
                return part.length == 1 ? CHANNEL : new PerChannel(natural(part[1]));
            }
            if (part[0].equals("block") && (part.length == 2 || part.length == 3)) {
                return new PerBlock(part.length == 2 ? PerBlock.DEFAULT_AXIS : natural(part[2]), natural(part[1]));
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("granularity: " + text + " has a part that is not a natural number", e);
        }
        throw new IllegalArgumentException(
                "granularity: tensor, channel[:AXIS] or block:SIZE[:AXIS] is needed, got " + text);
    }

    private static int natural(String digits) {
        int n = Integer.parseInt(digits);
        if (n < 0) {
            throw new NumberFormatException("negative");
        }
        return n;
    }
}
