package org.quantscope.core.quant;

/**
 * A scheme whose levels follow the values of each slice. {@link #resolve} sees only the ranges, so it assumes values
 * that are spread evenly over them.
 */
public interface FittedQuantizer extends Quantizer {
    /**
     * The levels for one slice.
     *
     * @param range values outside it are ignored
     */
    CodebookGrid fit(QuantSpec spec, ClipRange range, WeightedPoints values);
}
