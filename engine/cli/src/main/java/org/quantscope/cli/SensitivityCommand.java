package org.quantscope.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.LayerOutput;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.rounding.Roundings;
import org.quantscope.core.sensitivity.SensitivityCache;
import org.quantscope.core.sensitivity.SensitivityReport;
import org.quantscope.core.sensitivity.SensitivityScope;
import org.quantscope.core.sensitivity.SensitivityStore;
import org.quantscope.core.sensitivity.SensitivitySweep;
import org.quantscope.core.sensitivity.TensorSensitivity;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;
import picocli.CommandLine.Command;

@Command(
        name = "sensitivity",
        description = {
            "Says which tensors quantization hurts most: for each quantized tensor the model with only this one"
                    + " quantized, and with all but",
            "this one, against the float model on the same samples. Worst first: by what a tensor costs alone, then by"
                    + " the SQNR of the output.",
            "Takes one evaluation for the whole and two a tensor: --limit makes it quick. What is known is kept from"
                    + " one run to the next:",
            "after Ctrl-C, or with another setting for some tensors, only what is missing is evaluated."
        },
        footer = {
            "",
            "Examples:",
            "  quantscope sensitivity model.onnx --data test.npz --weights 4 --limit 1000",
            "  quantscope sensitivity model.onnx --data test.npz --config config.json --json"
        })
final class SensitivityCommand extends EvaluatingCommand {
    private final SensitivityStore store;

    SensitivityCommand(Terminal terminal, CancelToken cancel, SensitivityStore store) {
        super(terminal, cancel);
        this.store = store;
    }

    @Override
    public Integer call() throws IOException {
        Setting setting = setting();
        if (setting.state().choosesCodes()) {
            terminal().warn(Roundings.nearestOnly("the sensitivity"));
        }
        SensitivityReport report;
        LiveEvaluator.Reading how;
        int before;
        try (LiveEvaluator evaluator = setting.evaluator();
                Terminal.Bar bar = terminal().progress("sensitivity")) {
            how = reading(setting, evaluator);
            SensitivityCache cache = store.open(scope(setting));
            SensitivitySweep sweep = new SensitivitySweep(
                    setting.model(),
                    setting.resolved().weights(),
                    setting.resolved().activations(),
                    cache);
            before = sweep.known(evaluator.samples()).known();
            report = sweep.run(evaluator, evaluator.samples(), bar, cancel(), part -> {});
        }
        AccuracyEstimate baseline = report.baseline().orElseThrow();
        Map<TensorId, OutputError> outputs = outputs(setting);
        Json json = new Json()
                .put(
                        "baseline",
                        new Json()
                                .put("output", how.output())
                                .put("metric", baseline.task().id())
                                .put("float32", floatScore(baseline))
                                .put("quantized", quantizedScore(baseline))
                                .put("delta", baseline.delta())
                                .put("logit_sqnr_db", baseline.logitSqnrDb()))
                .put(
                        "tensors",
                        report.tensors().stream()
                                .map(tensor -> json(tensor, outputs))
                                .toList());
        setting.samples().corrupted().ifPresent(said -> json.put("corrupted", said));
        List<LeftFloat> left = LeftFloat.of(setting.model(), setting.state());
        FloatReport.put(json, left);
        print(json, () -> {
            people(report, baseline, before, left, outputs);
            setting.samples().corrupted().ifPresent(said -> terminal().out().println("corrupted: " + said));
            printNotes(how, how.notes());
        });
        return ExitCode.DONE;
    }

    private SensitivityScope scope(Setting setting) {
        SessionState state = setting.state();
        return SensitivityScope.of(
                state.modelKey(),
                state.foldBatchNorm(),
                state.addedQuantizers(),
                setting.model(),
                setting.reference(),
                setting.samples(),
                setting.wanted().or(state::metric),
                cancel());
    }

    /** The error at the output of the layer of each quantized weight, where there is calibration data. */
    private Map<TensorId, OutputError> outputs(Setting setting) throws IOException {
        Map<TensorId, OutputError> outputs = new LinkedHashMap<>();
        Optional<Dataset> data = calibrationSamples(setting.state());
        if (data.isPresent()) {
            Map<TensorId, QuantParams> weights = setting.resolved().weights();
            ModelMoments moments;
            try (Terminal.Bar bar = terminal().progress("inputs of layers")) {
                moments = MomentsPass.run(setting.model(), weights::containsKey, data.get(), bar, cancel());
            }
            weights.forEach((id, params) -> moments.of(id)
                    .ifPresent(layer -> outputs.put(
                            id,
                            new LayerOutput(setting.model().find(id).orElseThrow(), layer, cancel())
                                    .error(params, cancel()))));
        }
        return outputs;
    }

    private static Json json(TensorSensitivity tensor, Map<TensorId, OutputError> outputs) {
        Json json = new Json()
                .put("name", tensor.name().name())
                .put("kind", tensor.kind().id());
        tensor.onlyThis()
                .ifPresent(
                        e -> json.put("only_this_quantized", quantizedScore(e).put("delta", e.delta())));
        tensor.allButThis()
                .ifPresent(e ->
                        json.put("all_but_this_quantized", quantizedScore(e).put("delta", e.delta())));
        json.put("output_sqnr_db", tensor.outputSqnrDb());
        OutputError at = outputs.get(tensor.name());
        if (at != null) {
            // output_sqnr_db is that of the model's output; this is that of the layer's.
            json.put("output_mse", at.mse()).put("layer_output_sqnr_db", at.sqnrDb());
            if (!at.exact()) {
                json.put("output_exact", false);
            }
        }
        return json;
    }

    private void people(
            SensitivityReport report,
            AccuracyEstimate baseline,
            int before,
            List<LeftFloat> left,
            Map<TensorId, OutputError> outputs) {
        List<String> heads =
                new ArrayList<>(List.of("tensor", "kind", ">only this", ">all but this", ">output SQNR dB"));
        if (!outputs.isEmpty()) {
            heads.add(">SQNR at the layer's output dB");
        }
        Table table = new Table(heads.toArray(String[]::new));
        for (TensorSensitivity tensor : report.tensors()) {
            List<String> row = new ArrayList<>(List.of(
                    tensor.name().name(),
                    tensor.kind().id(),
                    delta(tensor.onlyThis()),
                    delta(tensor.allButThis()),
                    Text.number(tensor.outputSqnrDb())));
            if (!outputs.isEmpty()) {
                row.add(Optional.ofNullable(outputs.get(tensor.name()))
                        .map(OutputReport::sqnrDb)
                        .orElse("–"));
            }
            table.row(row.toArray(String[]::new));
        }
        table.print(terminal());
        terminal()
                .out()
                .println(String.join(
                        ", ",
                        baseline.task().title() + " float32 " + text(baseline, baseline.floatScore()),
                        "quantized " + text(baseline, baseline.score()),
                        "difference " + text(baseline, baseline.delta()),
                        baseline.seen() + " samples"));
        FloatReport.print(left, terminal());
        if (before > 0) {
            terminal().out().println(before + " of " + report.wanted() + " evaluations are those of earlier runs");
        }
    }

    private static String delta(Optional<AccuracyEstimate> figure) {
        return figure.map(e -> text(e, e.delta())).orElse("–");
    }
}
