package org.quantscope.core.convert;

/** Thrown where a graph has something that no ONNX operator here stands for; the message is the reason, for a person. */
final class NotConverted extends RuntimeException {
    private static final long serialVersionUID = 1;

    NotConverted(String reason) {
        super(reason, null, false, false);
    }
}
