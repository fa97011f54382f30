package org.quantscope.core.onnx;

/** In what numbers an operator of a quantized file is computed, as the file says; a runtime may do less. */
public enum Computes {
    INTEGERS("integers", "in integers"),
    DYNAMIC("dynamic", "in integers, activations quantized as they come"),
    DEQUANTIZED("dequantized", "in float, after its weights were dequantized"),
    FLOAT("float", "in float"),
    UNSAID("unsaid", "the file does not say");

    private final String id;
    private final String said;

    Computes(String id, String said) {
        this.id = id;
        this.said = said;
    }

    /** The name in JSON. */
    public String id() {
        return id;
    }

    /** For a person, behind "is computed". */
    public String said() {
        return said;
    }
}
