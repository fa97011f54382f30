package org.quantscope.core.tensor;

/**
 * A node that reads a tensor.
 *
 * @param node its name, or {@code <opType>_<index>} where the file gives none
 * @param opType for example {@code Conv}
 * @param input which of its inputs the tensor is, from 0
 * @param groups the group count of a convolution, else 1
 */
public record Consumer(String node, String opType, int input, long groups) {}
