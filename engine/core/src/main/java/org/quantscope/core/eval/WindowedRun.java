package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.calib.RangeWindow;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.RunRange;
import org.quantscope.core.tensor.TensorId;

/**
 * A quantized model whose ranges follow the samples before ({@link RunRange.Window}). Samples are run one after the
 * other; what each activation reads in front of its quantizer moves its window on. For one thread.
 */
final class WindowedRun implements AutoCloseable {
    private final SampleFeed feed;
    private final EvalRequest request;
    private final QuantizedSession session;
    private final Map<TensorId, Followed> followed = new LinkedHashMap<>();
    private final List<String> tapped = new ArrayList<>();

    private record Followed(RangeWindow window, RunRange.Window asked) {
        QuantParams next(QuantParams reference) {
            if (window.isEmpty()) {
                return reference;
            }
            ClipRange range = window.range(asked.spec().symmetric());
            return asked.spec()
                    .quantizer()
                    .resolve(asked.spec(), Granularity.TENSOR, List.of(range))
                    .withRunRange(asked);
        }
    }

    WindowedRun(Model model, SampleFeed feed, EvalRequest request, OrtModel.Options options, CancelToken cancel) {
        ApartRuns.check(model, feed);
        this.feed = feed;
        this.request = request;
        List<String> outputs = model.graph().orElseThrow().outputNames();
        request.activations().forEach((id, params) -> {
            // Outputs of the graph can be looked at behind their quantizer only: their range stays as it is.
            if (!outputs.contains(id.name()) && params.runRange().orElse(null) instanceof RunRange.Window asked) {
                followed.put(
                        id, new Followed(new RangeWindow(asked.samples(), asked.percentile(), asked.before()), asked));
                if (!feed.inputs().contains(id.name())) {
                    tapped.add(id.name());
                }
            }
        });
        this.session = QuantizedSession.build(
                model,
                QuantizedSession.Key.of(request, model),
                tapped.stream().map(TensorId::new).toList(),
                options,
                cancel);
    }

    /** True if any activation of the request follows a window. */
    static boolean wanted(EvalRequest request) {
        return request.activations().values().stream()
                .anyMatch(p -> p.runRange().orElse(null) instanceof RunRange.Window);
    }

    /** The outputs of the next samples, which are run in this order. */
    Logits outputs(int[] samples, CancelToken cancel) {
        List<Logits> all = new ArrayList<>(samples.length);
        for (int sample : samples) {
            cancel.check();
            int[] one = {sample};
            Map<TensorId, QuantParams> now = new HashMap<>(request.activations());
            followed.forEach((id, f) -> now.computeIfPresent(id, (_, reference) -> f.next(reference)));
            EvalRequest with = new EvalRequest(request.selected(), request.weights(), now, request.values());
            try (QuantizedSession.Feeds feeds = session.feeds(with, cancel)) {
                Logits.WithOthers out = session.withOthers(feed, one, feeds, tapped, cancel);
                all.add(out.logits());
                followed.forEach((id, f) -> {
                    if (feed.inputs().contains(id.name())) {
                        f.window.add(RangeWindow.extremes(feed.values(id.name(), one)));
                    }
                });
                for (FloatOutput value : out.others()) {
                    Followed f = followed.get(new TensorId(value.name()));
                    if (f != null) {
                        f.window.add(RangeWindow.extremes(value.values()));
                    }
                }
            }
        }
        return Logits.joined(all);
    }

    @Override
    public void close() {
        session.loaded().forEach(OrtModel::close);
    }
}
