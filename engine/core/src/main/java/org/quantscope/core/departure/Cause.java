package org.quantscope.core.departure;

/** Why a deployed model parts from the float model, in the order in which the causes are tried. */
public enum Cause {
    /** A scale is another than the codes were made with, or a range does not fit the values. */
    RANGE("range", "Range"),
    /** Codes are not the nearest ones, and the error at the output is larger for it. */
    ROUNDING("rounding", "Rounding"),
    /** A zero point is another than the codes were made with, or cuts off one side of the values. */
    ZERO_POINT("zero-point", "Zero point"),
    /** Axes or channels stand in another order. */
    LAYOUT("layout", "Layout"),
    /** Weights are others than the float model's, and no scale, zero point or order explains them. */
    WEIGHTS("weights", "Other weights"),
    /** A bias is another than the float model's: it overflowed, has another scale or is missing. */
    BIAS("bias", "Bias"),
    /** The input is prepared in another way before the first layer. */
    PREPROCESSING("preprocessing", "Preprocessing"),
    /** An operator is missing, is another one, has other attributes, or was left float. */
    OPERATOR("operator", "Operator"),
    /** Sums stop at a bound that the grid does not have. */
    SATURATION("saturation", "Saturation"),
    /** Weights, bias, operator and grid are the same, and what the kernel computes is not. */
    KERNEL("kernel", "Kernel");

    private final String id;
    private final String title;

    Cause(String id, String title) {
        this.id = id;
        this.title = title;
    }

    /** The word in JSON. */
    public String id() {
        return id;
    }

    /** For a person. */
    public String title() {
        return title;
    }
}
