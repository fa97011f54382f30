package org.quantscope.linalg.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.linalg.CorrectionOptions;

/**
 * Quantization-aware fine-tuning: weights, biases and ranges are trained for minutes so that the quantized network
 * answers as the float model does, or as the labels say. Weights are rounded in every step, gradients go straight
 * through, scales and zero points are learned with them. A seeded tenth of the data is held out; what does best on it is
 * kept. The same training without quantization is the fair baseline: what more training does by itself.
 */
public final class Recover implements TrainedCorrection {
    private static final int BATCH = 64;
    private static final String SOLVED = "least-output-error";

    private static final OptionDoc TARGET = new OptionDoc(
            "target",
            "choice:float-model|labels",
            "float-model",
            "learn what the float model answers, which needs no labels, or the labels");
    private static final OptionDoc EPOCHS =
            new OptionDoc("epochs", "int", "60", "how often each sample is seen, 1 to 100000");
    private static final OptionDoc MINUTES =
            new OptionDoc("minutes", "float", "10", "stop after this time and keep the best, 0.01 to 10000");
    private static final OptionDoc START = new OptionDoc(
            "start",
            "choice:float|" + SOLVED,
            "float",
            "begin with the weights of the float model, or with those that least-output-error chooses");
    private static final OptionDoc RATE = new OptionDoc(
            "rate", "float", "0.001", "the first step of a weight, in its standard deviations, 1e-7 to 1");
    private static final OptionDoc RANGES = new OptionDoc(
            "ranges",
            "choice:lsq|pact|keep",
            "lsq",
            "learn all ranges by LSQ; those of activations by PACT; or keep the ranges as they are");
    private static final OptionDoc ROUNDED = new OptionDoc(
            "quantize",
            "choice:yes|no",
            "yes",
            "no: train as long in float, to compare with; learns labels, and leaves ranges and bits as they are");
    private static final OptionDoc SEED =
            new OptionDoc("seed", "int", "1", "of the order of samples and of the tenth that is held out, from 0");

    @Override
    public String id() {
        return "recover";
    }

    @Override
    public String title() {
        return "Recover by training";
    }

    @Override
    public String summary() {
        return "Trains weights, biases and ranges for minutes so that the quantized model answers as the float model"
                + " does; rests on the calibration data, with labels or without, and the present settings";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(TARGET, EPOCHS, MINUTES, START, RATE, RANGES, ROUNDED, SEED);
    }

    @Override
    public String source() {
        return "LSQ (Esser et al. 2020, arXiv 1902.08153), PACT (Choi et al. 2018, arXiv 1805.06085), distillation"
                + " (Hinton et al. 2015, arXiv 1503.02531)";
    }

    @Override
    public boolean needsData() {
        return true;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Optional<String> obstacle(Model model) {
        return TrainableOperators.obstacle(model);
    }

    @Override
    public Training train(Input input, Watch watch, Progress progress, CancelToken cancel) {
        CorrectionOptions options = CorrectionOptions.of(this, input.options());
        boolean labels = options.choice(TARGET).equals("labels");
        String start = options.choice(START);
        String ranges = options.choice(RANGES);
        double rate = options.number(RATE, 1e-7, 1);
        boolean rounds = options.choice(ROUNDED).equals("yes");
        if (!rounds && !labels) {
            throw new IllegalArgumentException(
                    id() + ".quantize: in float the model answers as it does already; no needs target=labels");
        }
        if (!rounds && start.equals(SOLVED)) {
            throw new IllegalArgumentException(
                    id() + ".quantize: no begins with the weights of the float model, not with " + start);
        }
        boolean keep = ranges.equals("keep");
        Rates rates = new Rates(
                rate, rate, keep ? 0 : 3 * rate, keep ? 0 : 10 * rate, keep ? 0 : 20 * rate, ranges.equals("pact"));
        Recovery.Length length = new Recovery.Length(
                (int) options.number(EPOCHS, 1, 100_000), 60 * options.number(MINUTES, 0.01, 10_000), (long)
                        options.number(SEED, 0, Long.MAX_VALUE));
        obstacle(input.model()).ifPresent(why -> {
            throw new BadInputException(input.model().file(), id(), why);
        });
        Dataset data = input.data()
                .orElseThrow(() -> new BadInputException(input.model().file(), id(), "needs calibration data"));
        Session settings = input.settings()
                .orElseThrow(() ->
                        new BadInputException(input.model().file(), id(), "needs to know how the model is quantized"));
        return new Work(input.model(), data, settings, progress, cancel)
                .run(new Way(labels, start.equals(SOLVED), rounds), rates, length, watch);
    }

    /** What is learned, from where it begins, and whether values are rounded meanwhile. */
    private record Way(boolean labels, boolean fromSolved, boolean rounds) {}

    /** The tenth of so many samples that is held out, at least one; in ascending order. */
    static int[] heldOut(int samples, long seed) {
        int[] order = IntStream.range(0, samples).toArray();
        Random random = new Random(seed);
        int out = Math.max(1, samples / 10);
        for (int i = 0; i < out; i++) {
            int j = i + random.nextInt(samples - i);
            int kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        return IntStream.of(order).limit(out).sorted().toArray();
    }

    /** One training of one model. */
    private static final class Work {
        private final Model model;
        private final Dataset data;
        private final SessionState state;
        private final Calibration calibration;
        private final Progress progress;
        private final CancelToken cancel;
        private final SampleFeed feed;

        Work(Model given, Dataset data, Session settings, Progress progress, CancelToken cancel) {
            this.data = data;
            this.progress = progress;
            this.cancel = cancel;
            this.model = Engine.placed(given, settings.state().addedQuantizers());
            this.feed = SampleFeed.of(model, data);
            if (feed.rowsInteract()) {
                throw new BadInputException(
                        model.file(),
                        "recover",
                        "the rows of a batch influence each other, so samples cannot be mixed");
            }
            if (data.size() < 2) {
                throw new BadInputException(
                        data.file(), "samples", "a part is held out, so at least 2 are needed, there is one");
            }
            this.state = settings.state().withCalibrationData(Optional.of(FileRef.of(data)));
            Calibration seen = settings.calibration();
            if (state.needsImportance()) {
                seen = seen.withImportances(Importances.observed(
                        Engine.observe(model, data, Progress.NONE, cancel).inputs()));
            }
            this.calibration = MomentsPass.complete(seen, model, state, data, Progress.NONE, cancel);
        }

        Training run(Way way, Rates rates, Recovery.Length length, Watch watch) {
            boolean labels = way.labels;
            boolean fromSolved = way.fromSolved;
            int[] heldOut = heldOut(data.size(), length.seed());
            Set<Integer> out = IntStream.of(heldOut).boxed().collect(Collectors.toSet());
            int[] trained = IntStream.range(0, data.size())
                    .filter(i -> !out.contains(i))
                    .toArray();
            ResolvedSettings begin = resolve(beginning());
            Optional<SolvedModel> solved = Optional.empty();
            if (way.rounds) {
                progress.report(0, 0, "weights of least output error, to compare");
                solved = solved(SampleSubset.of(data, trained));
            }
            if (fromSolved && solved.isEmpty()) {
                throw new BadInputException(model.file(), "recover.start", "no weight can be solved in this model");
            }
            Model from = fromSolved ? solved.orElseThrow().model() : model;
            progress.report(0, 0, "the float model's answers");
            NetworkBuilder builder = new NetworkBuilder(
                    from,
                    fromSolved ? solved.orElseThrow().settings() : begin,
                    feed,
                    batch(trained),
                    rates,
                    way.rounds,
                    cancel);
            Network network = builder.build();
            Pool pool = new Pool(model, feed, network.fed.keySet(), labels, cancel);
            Recovery recovery = new Recovery(network, pool, loss(labels, pool, network), trained, heldOut);
            Course course = new Course(
                    loss(labels, pool, network).measure(),
                    trained.length,
                    heldOut.length,
                    solved.map(s -> OptionalDouble.of(recovery.measure(
                                    new NetworkBuilder(s.model(), s.settings(), feed, batch(trained), rates, cancel)
                                            .build(),
                                    cancel)))
                            .orElse(OptionalDouble.empty()));
            watch.begun(course);
            Recovery.Course done = recovery.run(length, watch, progress, cancel);
            return new Training(
                    output(network, fromSolved ? solved.orElseThrow().settings() : begin, builder.kept(), way.rounds),
                    course,
                    done.points(),
                    done.best(),
                    done.end());
        }

        private int batch(int[] trained) {
            return Math.min(Math.min(BATCH, feed.batchSize()), trained.length);
        }

        private ResolvedSettings resolve(SessionState as) {
            return Engine.resolve(model, as, calibration, Progress.NONE, cancel);
        }

        /** The settings with every weight at its nearest level, and its range that of least squared error unless it was set by hand. */
        private SessionState beginning() {
            Map<TensorId, QuantSpec> own = new TreeMap<>(state.overrides());
            for (ResolvedTensor tensor : resolve(state).own()) {
                if (!tensor.isActivation()) {
                    QuantSpec spec = tensor.spec().withRounding(QuantSpec.NEAREST);
                    own.put(tensor.id(), spec.clip() instanceof Clip.Auto ? leastSquares(tensor, spec) : spec);
                }
            }
            return state.withOverrides(own);
        }

        private QuantSpec leastSquares(ResolvedTensor tensor, QuantSpec spec) {
            QuantSpec least = spec.withClip(new Clip.Auto("mse", Map.of()));
            try {
                Engine.resolve(model, state.withOverride(tensor.id(), least), calibration, Progress.NONE, cancel);
                return least;
            } catch (IllegalArgumentException e) {
                // A scheme that takes no such calibrator begins as the settings say.
                return spec;
            }
        }

        /** The weights that are chosen without training, on the samples that are trained on; empty if none can be. */
        private Optional<SolvedModel> solved(Dataset trained) {
            Map<TensorId, QuantSpec> own = new TreeMap<>(state.overrides());
            for (ResolvedTensor tensor : resolve(beginning()).own()) {
                if (!tensor.isActivation()) {
                    QuantSpec spec = tensor.spec().withRounding(SOLVED);
                    try {
                        spec.check();
                        own.put(tensor.id(), spec);
                    } catch (IllegalArgumentException e) {
                        own.put(tensor.id(), tensor.spec());
                    }
                }
            }
            SessionState asking = state.withOverrides(own);
            SolvedModel solved = RoundingPass.run(
                            model, asking, resolve(asking), Map.of(), trained, Progress.NONE, cancel)
                    .solved();
            return solved.values().isEmpty() ? Optional.empty() : Optional.of(solved);
        }

        private Loss loss(boolean labels, Pool pool, Network network) {
            int classes = network.outputDims.length == 0 ? 1 : network.outputDims[network.outputDims.length - 1];
            if (labels) {
                int positions = pool.answersEach() / classes;
                if (!data.hasLabels() && data.labelShape().isEmpty()) {
                    throw new BadInputException(data.file(), "labels", "there are none to learn");
                }
                if (pool.labelsEach() != positions || pool.largestLabel() >= classes) {
                    throw new BadInputException(
                            data.file(),
                            "labels",
                            pool.labelsEach() + " a sample, up to " + pool.largestLabel() + ", do not fit an output of "
                                    + positions + " × " + classes + " classes");
                }
                return Loss.LABELS;
            }
            return hasClasses() ? Loss.DIVERGENCE : Loss.SQUARES;
        }

        private boolean hasClasses() {
            try (LiveEvaluator evaluator = Engine.evaluator(model, data.limit(Math.min(data.size(), 100)))) {
                return evaluator
                        .evaluate(new EvalRequest(Optional.empty(), Map.of(), Map.of()), cancel, _ -> {})
                        .klDivergence()
                        .isPresent();
            }
        }

        private Output output(Network network, ResolvedSettings begin, Map<TensorId, String> kept, boolean rounded) {
            ModelRewrite rewrite = new ModelRewrite(model);
            List<TensorId> changed = new ArrayList<>();
            for (Tensor tensor : model.tensors()) {
                if (network.variables.containsKey(tensor.id())) {
                    float[] values = network.values(tensor.id());
                    for (float v : values) {
                        if (!Float.isFinite(v)) {
                            throw new BadInputException(
                                    model.file(), tensor.id().name(), "training led to " + v);
                        }
                    }
                    rewrite.values(tensor.id(), values);
                    changed.add(tensor.id());
                }
            }
            // What was trained in float has learned no ranges.
            Map<TensorId, QuantSpec> ranges = new LinkedHashMap<>(rounded ? Map.of() : state.overrides());
            for (ResolvedTensor tensor : rounded ? begin.own() : List.<ResolvedTensor>of()) {
                QuantParams params = tensor.params();
                if (network.weightRanges.containsKey(tensor.id())) {
                    params = network.weightParams(tensor.id());
                } else if (network.activationRanges.containsKey(tensor.id())) {
                    params = Objects.requireNonNull(network.activationRanges.get(tensor.id()))
                            .params();
                }
                ranges.put(
                        tensor.id(),
                        tensor.spec().withRounding(QuantSpec.NEAREST).withClip(new Clip.Fixed(params)));
            }
            List<String> why = new ArrayList<>();
            kept.forEach((id, reason) -> why.add(id + ": " + reason));
            return new Output(rewrite.model(), changed, why, List.of(), ranges);
        }
    }
}
