package org.quantscope.core.quant;

/** A scheme whose levels follow the values of each slice. {@link #resolve} alone, which knows the ranges only, takes the values as spread evenly. */
public interface FittedQuantizer extends Quantizer {
    /**
     * The levels for one slice.
     *
     * @param range values outside it are not looked at
     */
    CodebookGrid fit(QuantSpec spec, ClipRange range, WeightedPoints values);
}
