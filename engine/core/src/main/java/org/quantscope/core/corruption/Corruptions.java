package org.quantscope.core.corruption;

import java.util.List;
import java.util.Optional;

/** The registry of corruptions, in the order in which they are shown. */
public final class Corruptions {
    /**
     * Benchmarking Neural Network Robustness to Common Corruptions and Perturbations, and the code that made its data:
     * amounts of small pictures are those of CIFAR-10-C, of others those of ImageNet-C.
     */
    static final String PUBLISHED = "Hendrycks and Dietterich 2019 (CIFAR-10-C, ImageNet-C)";

    private static final List<Corruption> ALL = List.of(
            new NoiseCorruption(),
            new BlurCorruption(),
            new ContrastCorruption(),
            new BrightnessCorruption(),
            new ShiftCorruption(),
            new JpegCorruption());

    private Corruptions() {}

    public static List<Corruption> all() {
        return ALL;
    }

    public static Optional<Corruption> find(String id) {
        return ALL.stream().filter(c -> c.id().equals(id)).findFirst();
    }
}
