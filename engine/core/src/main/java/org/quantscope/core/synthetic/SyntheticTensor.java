package org.quantscope.core.synthetic;

import java.math.BigDecimal;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * A tensor as a recipe: its values are drawn from a distribution at a seed. Equal recipes give equal values, on every
 * machine.
 *
 * <p>Each value depends only on the seed and on its index, so a recipe with other parameters moves the values and does
 * not draw others.
 *
 * @param parameters a value for each parameter of the distribution; one left out has its usual value
 * @param seed any
 * @param size number of values, 1 to {@value #MAX_SIZE}; of several channels a multiple of their number
 */
public record SyntheticTensor(Distribution distribution, Map<String, Double> parameters, long seed, int size) {
    public static final int MAX_SIZE = 1 << 24;

    public SyntheticTensor {
        if (size < 1 || size > MAX_SIZE) {
            throw new IllegalArgumentException("size: 1 to " + MAX_SIZE + ", got " + size);
        }
        Map<String, Double> all = new TreeMap<>(parameters);
        for (Distribution.Parameter p : distribution.parameters()) {
            double value = all.merge(p.name(), p.usual(), (given, usual) -> given);
            if (!(value >= p.least() && value <= p.most())) {
                throw new IllegalArgumentException(
                        "parameters." + p.name() + ": " + p.least() + " to " + p.most() + ", got " + value);
            }
            if (p.whole() && value != Math.rint(value)) {
                throw new IllegalArgumentException("parameters." + p.name() + ": a whole number, got " + value);
            }
        }
        for (String name : all.keySet()) {
            if (distribution.parameters().stream().noneMatch(p -> p.name().equals(name))) {
                throw new IllegalArgumentException("parameters." + name + ": " + distribution.id() + " has "
                        + distribution.parameters().stream()
                                .map(Distribution.Parameter::name)
                                .collect(Collectors.joining(", ")));
            }
        }
        parameters = Collections.unmodifiableMap(all);
        Double channels = parameters.get(Distribution.CHANNELS.name());
        if (channels != null && size % channels != 0) {
            throw new IllegalArgumentException(
                    "size: a multiple of " + channels.intValue() + ", the number of channels, got " + size);
        }
        Double outliers = parameters.get("outliers");
        if (outliers != null && outliers > size) {
            throw new IllegalArgumentException(
                    "parameters.outliers: at most the size " + size + ", got " + outliers.intValue());
        }
    }

    /** With usual parameters. */
    public SyntheticTensor(Distribution distribution, long seed, int size) {
        this(distribution, Map.of(), seed, size);
    }

    /**
     * A name by which people and files tell recipes apart: {@code laplace-b0.3-8192-seed1}. Parameters with their usual
     * value are not in it.
     */
    public String name() {
        StringBuilder name = new StringBuilder(distribution.id());
        for (Distribution.Parameter p : distribution.parameters()) {
            double value = parameters.getOrDefault(p.name(), p.usual());
            if (value != p.usual()) {
                name.append('-')
                        .append(p.name())
                        .append(new BigDecimal(Double.toString(value))
                                .stripTrailingZeros()
                                .toPlainString());
            }
        }
        return name.append('-').append(size).append("-seed").append(seed).toString();
    }

    /** {@code [size]}, or {@code [channels, size / channels]}. */
    public Shape shape() {
        Double channels = parameters.get(Distribution.CHANNELS.name());
        return channels == null ? Shape.of(size) : Shape.of(channels.longValue(), size / channels.longValue());
    }

    public TensorInfo info(String name) {
        return TensorInfo.alone(new TensorId(name), DType.F32, shape());
    }

    /** The tensor with its values, each rounded to float32. */
    public Tensor tensor(String name) {
        return new Tensor(info(name), TensorData.of(values()));
    }

    private float[] values() {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            SplitMix random = new SplitMix(seed, i);
            double value = distribution.draw(parameters, random, i, size);
            // A heavy tail may leave float32, which no stored tensor could hold.
            values[i] = (float) Math.clamp(value, -Float.MAX_VALUE, Float.MAX_VALUE);
        }
        return values;
    }

    /** SplitMix64 (Steele, Lea, Flood 2014) at the place of one value. */
    private static final class SplitMix implements Distribution.Uniform {
        private static final long GAMMA = 0x9e3779b97f4a7c15L;

        private long state;

        SplitMix(long seed, long index) {
            state = mixed(seed) + 2 * index * GAMMA;
        }

        @Override
        public double next() {
            state += GAMMA;
            // The middle of one of 2^53 equal parts: never 0, never 1.
            return ((mixed(state) >>> 11) + 0.5) * 0x1p-53;
        }

        private static long mixed(long z) {
            long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
            long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
            return b ^ (b >>> 31);
        }
    }
}
