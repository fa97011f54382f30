package org.quantscope.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.QuantizedSession;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * How often the interval that is shown for an unfinished evaluation contains the figure of all samples. Uses real
 * predictions and {@value #SUBSETS} independent random subsets of each size.
 */
public final class IntervalBench {
    private static final int SUBSETS = 2000;
    private static final CancelToken NEVER = new CancelToken();

    private IntervalBench() {}

    private record Setting(String model, int bits, boolean perChannel) {}

    /** Takes no arguments. */
    public static void main(String[] args) throws IOException {
        Path samples = Path.of(System.getProperty("quantscope.samples", "sample-models"));
        Dataset data = Datasets.open(samples.resolve("fashion_mnist_test.npz"));
        System.out.println("| setting | discordant pairs of " + data.size()
                + " | difference, points | n | coverage | with ≥ 20 discordant pairs seen | of subsets | mean"
                + " width, points |");
        System.out.println("|---|--:|--:|--:|--:|--:|--:|--:|");
        boolean holds = true;
        List<Setting> settings = List.of(
                new Setting("fashion_lenet", 8, true),
                new Setting("fashion_resnet", 8, true),
                new Setting("fashion_resnet", 5, false),
                new Setting("fashion_resnet", 4, false),
                new Setting("fashion_mobilenet_folded", 4, false));
        for (Setting s : settings) {
            holds &= rows(
                    s.model + ", " + s.bits + " bits per " + (s.perChannel ? "channel" : "tensor"),
                    pairs(samples, data, s.model, s.bits, s.perChannel));
        }
        System.out.println();
        System.out.println(
                holds
                        ? "At least 93 % everywhere, at most 98 % where 20 discordant pairs or more were seen."
                        : "NOT within 93 % and 98 %.");
    }

    /** For each sample +1 if only the quantized model is right, −1 if only the float model is, else 0. */
    private static int[] pairs(Path samples, Dataset data, String name, int bits, boolean perChannel)
            throws IOException {
        Path file = samples.resolve(name + ".onnx");
        Model model = Engine.open(file, true);
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(bits);
        spec = spec.withGranularity(perChannel ? Granularity.CHANNEL : Granularity.TENSOR);
        SessionState state = SessionState.of(FileRef.of(file, NEVER)).withWeights(Optional.of(spec));
        ResolvedSettings resolved = Engine.resolve(model, state, (a, b, c) -> {}, NEVER);
        Map<TensorId, QuantParams> weights = new HashMap<>(resolved.weights());
        boolean[] plain = right(model, data, new EvalRequest(Optional.empty(), Map.of(), Map.of()));
        boolean[] quantized = right(model, data, new EvalRequest(Optional.empty(), weights, Map.of()));
        return IntStream.range(0, data.size())
                .map(i -> (quantized[i] ? 1 : 0) - (plain[i] ? 1 : 0))
                .toArray();
    }

    private static boolean[] right(Model model, Dataset data, EvalRequest request) {
        SampleFeed feed = SampleFeed.of(model, data);
        boolean[] right = new boolean[data.size()];
        QuantizedSession session =
                QuantizedSession.build(model, QuantizedSession.Key.of(request, model), OrtModel.Options.DEFAULT, NEVER);
        try (OrtModel _ = session.loaded().getFirst();
                QuantizedSession.Feeds feeds = session.feeds(request, NEVER)) {
            for (int from = 0; from < right.length; from += feed.batchSize()) {
                int[] batch = IntStream.range(from, Math.min(right.length, from + feed.batchSize()))
                        .toArray();
                Logits logits = session.logits(feed, batch, feeds, NEVER);
                for (int i = 0; i < batch.length; i++) {
                    right[batch[i]] = logits.top(i) == data.label(batch[i]);
                }
            }
        }
        return right;
    }

    private static boolean rows(String setting, int[] pairs) {
        long discordant = Arrays.stream(pairs).filter(p -> p != 0).count();
        double delta = (double) Arrays.stream(pairs).sum() / pairs.length;
        boolean holds = true;
        for (int n : new int[] {100, 500, 2000, 8000}) {
            SplittableRandom random = new SplittableRandom(n);
            int[] order = IntStream.range(0, pairs.length).toArray();
            int covered = 0;
            int many = 0;
            int coveredOfMany = 0;
            double width = 0;
            for (int s = 0; s < SUBSETS; s++) {
                int gained = 0;
                int lost = 0;
                for (int i = 0; i < n; i++) {
                    int j = i + random.nextInt(order.length - i);
                    int chosen = order[j];
                    order[j] = order[i];
                    order[i] = chosen;
                    gained += pairs[chosen] > 0 ? 1 : 0;
                    lost += pairs[chosen] < 0 ? 1 : 0;
                }
                PairedInterval interval = PairedInterval.of(gained, lost, n, pairs.length);
                boolean holdsIt = interval.lo() <= delta && delta <= interval.hi();
                covered += holdsIt ? 1 : 0;
                width += interval.hi() - interval.lo();
                if (gained + lost >= 20) {
                    many++;
                    coveredOfMany += holdsIt ? 1 : 0;
                }
            }
            double coverage = (double) covered / SUBSETS;
            double ofMany = (double) coveredOfMany / many;
            // With few subsets the share is too inexact to be checked.
            holds &= coverage >= 0.93 && (many < SUBSETS / 10 || (ofMany <= 0.98 && ofMany >= 0.93));
            System.out.println(String.format(
                    Locale.ROOT,
                    "| %s | %d | %.2f | %d | %.1f %% | %s | %d | %.2f |",
                    setting,
                    discordant,
                    100 * delta,
                    n,
                    100 * coverage,
                    many == 0 ? "–" : String.format(Locale.ROOT, "%.1f %%", 100 * ofMany),
                    many,
                    100 * width / SUBSETS));
        }
        return holds;
    }
}
