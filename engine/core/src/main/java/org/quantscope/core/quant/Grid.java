package org.quantscope.core.quant;

/**
 * The finite set of values that one slice of a tensor may take, and the rule that sends a value to one of them.
 *
 * <p>Levels ascend strictly; every value goes to its nearest level. Where the rounding of float32 arithmetic blurs
 * which level is nearer, {@link #quantize} is the definition.
 */
public sealed interface Grid permits UniformGrid, CodebookGrid {
    /** The number of levels. */
    int size();

    /** Level {@code i} of {@code 0 .. size()-1}, ascending, as float32. */
    float level(int i);

    /** The index of the level that {@code x} goes to; {@code x} is finite. */
    int index(float x);

    /** Fake-quantize: {@code level(index(x))}. */
    default float quantize(float x) {
        return level(index(x));
    }

    /** The lowest level: values below it are clipped. */
    default float lo() {
        return level(0);
    }

    /** The highest level: values above it are clipped. */
    default float hi() {
        return level(size() - 1);
    }

    /** The effective range, from the lowest to the highest level. */
    default ClipRange effective() {
        return new ClipRange(lo(), hi());
    }
}
