package org.quantscope.core.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.session.FileRef;

/**
 * A Python script that quantizes the ONNX model with NNCF. NNCF chooses ranges itself, and has one setting for all
 * weights and one for all activations. The script takes the settings that most tensors have here, and leaves a layer in
 * float if its weight is float here.
 */
public final class NncfExporter extends FileFormat {
    public static final String ID = "nncf";
    private static final Target TARGET =
            new Target(ID, "NNCF", TargetSupport.affine(8).andPerChannel(), TargetSupport.affine(8));

    public NncfExporter() {
        super(
                ID,
                "OpenVINO NNCF script (Python)",
                "https://docs.openvino.ai/2025/openvino-workflow/model-optimization-guide/quantizing-models-post-training/basic-quantization-flow.html",
                ".py",
                EnumSet.of(Field.SCALE, Field.ZERO_POINT, Field.RANGE, Field.CODES, Field.CODEBOOK));
    }

    /** The setting that NNCF has for all tensors of a kind. */
    private record Choice(int bits, boolean symmetric, boolean signed, boolean perChannel) {
        static Choice of(Encoding e) {
            return new Choice(e.bits(), e.isSymmetric(), e.isSigned(), e.axis().isPresent());
        }

        /** The setting that most tensors have; the first of equally common ones. */
        static Optional<Choice> mostCommon(List<Encoding> encodings) {
            Map<Choice, Integer> counts = new LinkedHashMap<>();
            encodings.forEach(e -> counts.merge(of(e), 1, Integer::sum));
            return counts.entrySet().stream()
                    .max(Comparator.comparingInt(Map.Entry<Choice, Integer>::getValue))
                    .map(Map.Entry::getKey);
        }

        String words() {
            return bits + " bits, " + (symmetric ? "symmetric" : "asymmetric") + ", " + (signed ? "signed" : "unsigned")
                    + (perChannel ? ", per channel" : ", per tensor");
        }

        String python() {
            return "QuantizationParameters(num_bits=" + bits + ", mode=QuantizationScheme."
                    + (symmetric ? "SYMMETRIC" : "ASYMMETRIC")
                    + (symmetric ? ", signedness_to_force=" + Python.bool(signed) : "") + ", per_channel="
                    + Python.bool(perChannel) + ")";
        }
    }

    private static List<Encoding> ofKind(List<Encoding> encodings, boolean activations) {
        return encodings.stream().filter(e -> e.isActivation() == activations).toList();
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        if (plan.model().graph().isEmpty()) {
            return List.of(new ExportProblem(
                    ID,
                    "",
                    "the model is bare weights without a graph, NNCF quantizes a model",
                    "open the ONNX model",
                    Severity.ERROR));
        }
        List<ExportProblem> problems = new ArrayList<>(TARGET.tensorProblems(plan));
        List<Encoding> carried = TARGET.carried(plan);
        for (boolean activations : new boolean[] {false, true}) {
            List<Encoding> all = ofKind(carried, activations);
            Choice common = Choice.mostCommon(all).orElse(null);
            for (Encoding e : all) {
                if (common != null && !Choice.of(e).equals(common)) {
                    problems.add(new ExportProblem(
                            ID,
                            e.id().name(),
                            "it has " + Choice.of(e).words() + ", most " + (activations ? "activations " : "weights ")
                                    + common.words() + ": NNCF has one setting for all",
                            "give it the setting of the others",
                            Severity.WARNING,
                            Remedy.like(e, common.bits(), common.symmetric(), common.signed(), common.perChannel())));
                }
            }
        }
        if (ofKind(carried, false).isEmpty() != ofKind(carried, true).isEmpty()) {
            problems.add(new ExportProblem(
                    ID,
                    "",
                    "only " + (ofKind(carried, true).isEmpty() ? "weights" : "activations")
                            + " are quantized, NNCF quantizes both",
                    "quantize both",
                    Severity.WARNING));
        }
        return problems;
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        List<Encoding> carried = TARGET.carried(plan);
        List<String> ignored = new ArrayList<>();
        Map<?, Encoding> byId = IntegerLayer.byId(carried);
        for (IntegerLayer layer : IntegerLayer.of(plan.model())) {
            cancel.check();
            if (!byId.containsKey(layer.weight().id())) {
                ignored.add(layer.node().name());
            }
        }
        StringBuilder advanced = new StringBuilder();
        Choice.mostCommon(ofKind(carried, false))
                .ifPresent(c -> advanced.append("    weights_quantization_params=")
                        .append(c.python())
                        .append(",\n"));
        Choice.mostCommon(ofKind(carried, true))
                .ifPresent(c -> advanced.append("    activations_quantization_params=")
                        .append(c.python())
                        .append(",\n"));
        if (ofKind(carried, true).stream()
                .anyMatch(e -> e.spec().clip() instanceof Clip.Auto auto
                        && auto.calibratorId().equals("percentile"))) {
            advanced.append("    activations_range_estimator_params=RangeEstimatorParametersSet.MEAN_QUANTILE,\n");
        }
        String data = plan.state()
                .calibrationData()
                .map(FileRef::path)
                .map(p -> String.valueOf(p.getFileName()))
                .orElse("calibration.npz");
        String text = Template.fill(
                TEMPLATE,
                Map.of(
                        "VERSION", ProvenanceText.version(plan),
                        "PROVENANCE", ProvenanceText.comments(plan, "# "),
                        "SHA", ProvenanceText.modelSha256(plan),
                        "MODEL", Python.text(String.valueOf(plan.model().file().getFileName())),
                        "DATA", Python.text(data),
                        "IGNORED", Python.list(ignored, Python::text),
                        "ADVANCED", advanced.toString()));
        Files.writeString(file, text, StandardCharsets.UTF_8);
        return List.of(file);
    }

    private static final String TEMPLATE = """
        # Quantizes an ONNX model with NNCF. Written by Quantscope @VERSION@
        # for the model with sha256 @SHA@.
        @PROVENANCE@#
        #   pip install nncf onnx openvino numpy
        #   python THIS.py [MODEL.onnx [DATA.npz [QUANTIZED.onnx]]]
        #
        # NNCF computes every range itself, from the data; ranges that were set by hand are not in this file.
        import sys

        import nncf
        import numpy as np
        import onnx
        from nncf import IgnoredScope
        from nncf.quantization.advanced_parameters import (
            AdvancedQuantizationParameters,
            OverflowFix,
            QuantizationParameters,
        )
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet  # noqa: F401

        try:
            from nncf.common.quantization.structs import QuantizationScheme
        except ImportError:  # older releases
            from nncf.common.quantization.structs import QuantizationMode as QuantizationScheme

        MODEL = sys.argv[1] if len(sys.argv) > 1 else @MODEL@
        DATA = sys.argv[2] if len(sys.argv) > 2 else @DATA@
        QUANTIZED = sys.argv[3] if len(sys.argv) > 3 else MODEL.removesuffix(".onnx") + ".int8.onnx"

        # Layers whose weight stays float, by the names of their nodes.
        IGNORED = @IGNORED@

        # One setting for all weights and one for all activations: those that most tensors have.
        ADVANCED = AdvancedQuantizationParameters(
            overflow_fix=OverflowFix.DISABLE,
        @ADVANCED@)


        model = onnx.load(MODEL)


        def samples():
            # Each input takes the array of its name, or else the first of rank over 1, one sample at a time. Values are fed
            # as they are: prepare them as the model wants them (layout, scale, mean, std).
            stored = {t.name for t in model.graph.initializer}
            with np.load(DATA) as arrays:
                first = next(n for n in arrays.files if arrays[n].ndim > 1)
                fed = {
                    i.name: arrays[i.name if i.name in arrays.files else first].astype(
                        onnx.helper.tensor_dtype_to_np_dtype(i.type.tensor_type.elem_type)
                    )
                    for i in model.graph.input
                    if i.name not in stored
                }
            for i in range(min(len(a) for a in fed.values())):
                yield {name: a[i : i + 1] for name, a in fed.items()}


        quantized = nncf.quantize(
            model,
            nncf.Dataset(list(samples())),
            subset_size=300,
            ignored_scope=IgnoredScope(names=IGNORED) if IGNORED else None,
            advanced_parameters=ADVANCED,
        )
        onnx.save(quantized, QUANTIZED)
        print("wrote", QUANTIZED)
        """;
}
