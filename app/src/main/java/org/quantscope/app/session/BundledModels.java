package org.quantscope.app.session;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.quantscope.app.session.SessionViewModel.Sample;
import org.quantscope.core.lesson.Materials;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;

/** The bundled models with their data. */
public final class BundledModels {
    /** Few bits, so that the effect of a clip is visible at once. */
    private static final int FEW_BITS = 4;

    private static final String FASHION = "fashion_mnist";
    private static final String DIGITS = "digits";
    private static final String ADDER = "adder";

    private BundledModels() {}

    /**
     * The folder of the samples: the property {@code quantscope.samples}, or else {@code sample-models} in the working
     * folder or one above it.
     */
    public static Optional<Path> folder() {
        return Materials.samples();
    }

    /** The samples that exist; the one to start with comes first. */
    public static List<Sample> all() {
        return folder().map(BundledModels::in).orElse(List.of());
    }

    private static List<Sample> in(Path folder) {
        Edit fewBits = new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(FEW_BITS)));
        return List.of(
                        sample(
                                folder,
                                "MobileNet, 4 bits: wide channels",
                                "fashion_mobilenet_folded",
                                FASHION,
                                Optional.of(fewBits)),
                        sample(
                                folder,
                                "MobileNet with batch normalization",
                                "fashion_mobilenet",
                                FASHION,
                                Optional.empty()),
                        sample(
                                folder,
                                "LeNet, rescaled: 8 bits collapse",
                                "fashion_lenet_unequalized",
                                FASHION,
                                Optional.empty()),
                        sample(folder, "LeNet", "fashion_lenet", FASHION, Optional.empty()),
                        sample(folder, "ResNet", "fashion_resnet", FASHION, Optional.empty()),
                        sample(folder, "Vision transformer", "fashion_vit", FASHION, Optional.empty()),
                        sample(
                                folder,
                                "Vision transformer with outliers: to be smoothed",
                                "fashion_vit_outliers",
                                FASHION,
                                Optional.empty()),
                        sample(folder, "Digits, a small MLP", "digits_mlp", DIGITS, Optional.empty()),
                        sample(folder, "Adder, a small GPT: exact sums", "adder_gpt", ADDER, Optional.empty()))
                .stream()
                .filter(s -> Files.isRegularFile(s.model()))
                .toList();
    }

    private static Sample sample(Path folder, String title, String model, String data, Optional<Edit> start) {
        return new Sample(
                title,
                folder.resolve(model + ".onnx"),
                folder.resolve(data + "_test.npz"),
                folder.resolve(data + "_calibration.npz"),
                start);
    }
}
