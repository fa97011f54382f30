package org.quantscope.linalg.train;

/** One step of a network: it computes one value from others, and hands the gradient of its value back to them. */
interface Operation {
    void forward(Tape tape);

    /** Adds to the gradients of what it reads; those of its own value are complete. */
    void backward(Tape tape);
}
