package org.quantscope.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;

/**
 * The accuracy of every calibrator for activations on the sample models, with 8-bit weights and activations, on
 * symmetric and asymmetric grids. It ends with 1 if one loses more than 5 points against min–max.
 */
public final class CalibratorMatrix {
    private static final CancelToken NEVER = new CancelToken();
    private static final double MOST_LOST = 0.05;
    private static final List<String> MODELS = List.of(
            "digits_mlp",
            "fashion_lenet",
            "fashion_lenet_unequalized",
            "fashion_mobilenet",
            "fashion_resnet",
            "fashion_vit");

    private CalibratorMatrix() {}

    /** Arguments: the number of samples, then names of sample models; without names, all of them. */
    public static void main(String[] args) throws IOException {
        int samples = args.length > 0 ? Integer.parseInt(args[0]) : Integer.MAX_VALUE;
        List<String> names = args.length > 1 ? Arrays.asList(args).subList(1, args.length) : MODELS;
        boolean holds = true;
        for (String name : names) {
            holds &= run(Path.of(System.getProperty("quantscope.samples", "sample-models")), name, samples);
        }
        System.exit(holds ? 0 : 1);
    }

    private static boolean run(Path folder, String name, int samples) throws IOException {
        String prefix = name.startsWith("digits") ? "digits" : "fashion_mnist";
        Path file = folder.resolve(name + ".onnx");
        Model model = Engine.open(file, true);
        Dataset test = Datasets.open(folder.resolve(prefix + "_test.npz"));
        Calibration seen = Calibration.of(Engine.observe(
                model, Datasets.open(folder.resolve(prefix + "_calibration.npz")), (a, b, c) -> {}, NEVER));
        SessionState base = SessionState.of(FileRef.of(file, NEVER)).withWeights(Optional.of(QuantSpec.WEIGHTS));
        Resolver resolver = new Resolver();
        boolean holds = true;
        try (LiveEvaluator evaluator = Engine.evaluator(model, test.limit(Math.min(samples, test.size())))) {
            for (boolean symmetric : new boolean[] {false, true}) {
                double minmax = Double.NaN;
                for (Calibrator calibrator : Calibrators.all()) {
                    if (calibrator.isForWeights()) {
                        continue;
                    }
                    QuantSpec spec =
                            QuantSpec.ACTIVATIONS.withSymmetric(symmetric).withClip(new Clip.Auto(calibrator.id()));
                    ResolvedSettings settings = resolver.resolve(
                            model, base.withActivations(Optional.of(spec)), seen, (a, b, c) -> {}, NEVER);
                    double score = evaluator
                            .evaluate(
                                    new EvalRequest(Optional.empty(), settings.weights(), settings.activations()),
                                    NEVER,
                                    e -> {})
                            .score();
                    minmax = calibrator.id().equals("minmax") ? score : minmax;
                    boolean lost = score < minmax - MOST_LOST;
                    holds &= !lost;
                    System.out.println(String.format(
                            Locale.ROOT,
                            "%s %s %s %.2f %%%s",
                            name,
                            symmetric ? "symmetric" : "asymmetric",
                            calibrator.id(),
                            100 * score,
                            lost ? " LOST" : ""));
                }
            }
        }
        return holds;
    }
}
