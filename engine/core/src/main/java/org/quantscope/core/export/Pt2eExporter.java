package org.quantscope.core.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.TensorId;

/**
 * A Python script with a quantizer for PyTorch's export flow that puts exactly these scales and zero points into a
 * model: {@code FixedQParamsQuantizationSpec} for activations, a fixed observer for weights,
 * {@code DerivedQuantizationSpec} for biases in units of s_x·s_w, {@code SharedQuantizationSpec} for operators that
 * only move values. The script finds a layer by the name of its weight, which the ONNX exporter of PyTorch keeps, and
 * an activation as the input or output of a layer.
 */
public final class Pt2eExporter extends FileFormat {
    public static final String ID = "pt2e";
    private static final Target TARGET = new Target(
            ID,
            "PyTorch PT2E",
            TargetSupport.affine(2, 3, 4, 5, 6, 7, 8).andPerChannel(),
            TargetSupport.affine(2, 3, 4, 5, 6, 7, 8));

    public Pt2eExporter() {
        super(
                ID,
                "PyTorch PT2E quantizer (Python)",
                "https://docs.pytorch.org/ao/stable/tutorials_source/pt2e_quantizer.html",
                ".py",
                EnumSet.of(Field.CODEBOOK, Field.CHOICE));
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        if (plan.model().graph().isEmpty()) {
            return List.of(new ExportProblem(
                    ID,
                    "",
                    "the model is bare weights without a graph, so the layers that read them are unknown",
                    "open the ONNX model",
                    Severity.ERROR));
        }
        List<ExportProblem> problems = new ArrayList<>(TARGET.problems(plan));
        List<Encoding> carried = TARGET.carried(plan);
        Set<TensorId> named = new HashSet<>();
        for (IntegerLayer layer : IntegerLayer.of(plan.model())) {
            named.add(layer.weight().id());
            layer.input().ifPresent(named::add);
            layer.output().ifPresent(named::add);
        }
        for (Encoding e : carried) {
            String name = e.id().name();
            if (!e.isActivation() && !Aimet.followsConsumer(e)) {
                problems.add(new ExportProblem(
                        ID,
                        name,
                        "its scales lie along axis " + e.axis().orElseThrow() + ", a layer has them for its outputs",
                        "quantize it per channel",
                        Severity.ERROR,
                        Remedy.perChannel(e)));
            } else if (!named.contains(e.id())) {
                problems.add(new ExportProblem(
                        ID,
                        name,
                        "it is neither weight, input nor output of a Conv, Gemm or MatMul: the script finds tensors by"
                                + " these",
                        "accept it in float, or annotate it in the script",
                        Severity.WARNING));
            } else if (!e.isActivation() && name.contains("::")) {
                problems.add(new ExportProblem(
                        ID,
                        name,
                        "its name is not that of a parameter in PyTorch, the ONNX exporter has made it",
                        "put the parameter's name into the script",
                        Severity.WARNING));
            }
        }
        problems.addAll(IntegerLayer.overflows(ID, plan, carried));
        return problems;
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        Map<TensorId, Encoding> carried = IntegerLayer.byId(TARGET.carried(plan).stream()
                .filter(e -> e.isActivation() || Aimet.followsConsumer(e))
                .toList());
        StringBuilder layers = new StringBuilder();
        for (IntegerLayer layer : IntegerLayer.of(plan.model())) {
            cancel.check();
            Encoding weight = carried.get(layer.weight().id());
            Optional<Encoding> input = layer.input().map(carried::get);
            Optional<Encoding> output = layer.output().map(carried::get);
            if (weight == null && input.isEmpty() && output.isEmpty()) {
                continue;
            }
            layers.append("    # ")
                    .append(Python.comment(layer.node().toString()))
                    .append('\n');
            layers.append("    ")
                    .append(Python.text(layer.weight().id().name()))
                    .append(": {\n");
            input.ifPresent(e ->
                    layers.append("        \"input\": ").append(activation(e)).append(",\n"));
            if (weight != null) {
                layers.append("        \"weight\": ")
                        .append(weight(layer, weight))
                        .append(",\n");
            }
            output.ifPresent(e ->
                    layers.append("        \"output\": ").append(activation(e)).append(",\n"));
            if (layer.integerBias(plan, carried).filter(b -> b.fits()).isPresent()) {
                layers.append("        \"integer_bias\": True,\n");
            }
            layers.append("    },\n");
        }
        String text = Template.fill(
                TEMPLATE,
                Map.of(
                        "VERSION", ProvenanceText.version(plan),
                        "PROVENANCE", ProvenanceText.comments(plan, "# "),
                        "MODEL",
                                Python.comment(
                                        String.valueOf(plan.model().file().getFileName())),
                        "SHA", ProvenanceText.modelSha256(plan),
                        "LAYERS", layers.toString()));
        Files.writeString(file, text, StandardCharsets.UTF_8);
        return List.of(file);
    }

    private static String type(Encoding e) {
        return e.isSigned() ? "torch.int8" : "torch.uint8";
    }

    private static String activation(Encoding e) {
        return "Fixed(" + Python.text(e.id().name()) + ", " + e.params().scale(0) + ", "
                + e.params().zeroPoint(0) + ", " + e.params().qmin() + ", "
                + e.params().qmax() + ", " + type(e) + ")";
    }

    private static String weight(IntegerLayer layer, Encoding e) {
        // A Linear stores [out, in], whichever way the exporter has written it.
        boolean matrix =
                layer.node().opType().equals("Gemm") || layer.node().opType().equals("MatMul");
        String axis = e.axis().isEmpty()
                ? "None"
                : String.valueOf(matrix ? 0 : e.axis().getAsInt());
        return "Weight(" + Python.floats(e.params().scales()) + ", "
                + Python.ints(e.params().zeroPoints()) + ", " + e.params().qmin() + ", "
                + e.params().qmax() + ", " + type(e) + ", " + axis + ")";
    }

    private static final String TEMPLATE = """
        # Quantization settings for @MODEL@ (sha256 @SHA@)
        # as a quantizer for PyTorch's export flow. Written by Quantscope @VERSION@.
        @PROVENANCE@#
        #   from THIS import quantize
        #   quantized = quantize(model, example_inputs)      # model: the float torch.nn.Module
        #   torch.export.save(torch.export.export(quantized, example_inputs), "quantized.pt2")
        #
        # Every scale and zero point is fixed: no data is needed. value = (code - zero_point) * scale.
        from collections import namedtuple

        import torch

        try:
            from torchao.quantization.pt2e import ObserverBase
            from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
            from torchao.quantization.pt2e.quantizer import (
                DerivedQuantizationSpec,
                FixedQParamsQuantizationSpec,
                QuantizationAnnotation,
                QuantizationSpec,
                Quantizer,
                SharedQuantizationSpec,
            )
        except ImportError:  # up to PyTorch 2.9 it is a part of torch itself
            from torch.ao.quantization.observer import ObserverBase
            from torch.ao.quantization.quantize_pt2e import convert_pt2e, prepare_pt2e
            from torch.ao.quantization.quantizer import (
                DerivedQuantizationSpec,
                FixedQParamsQuantizationSpec,
                QuantizationAnnotation,
                QuantizationSpec,
                Quantizer,
                SharedQuantizationSpec,
            )

        # An activation: its name in the ONNX model, and its parameters.
        Fixed = namedtuple("Fixed", "name scale zero_point quant_min quant_max dtype")
        # A weight: one scale and zero point, or one for each index of an axis.
        Weight = namedtuple("Weight", "scales zero_points quant_min quant_max dtype axis")

        # By the name of the weight in the model's state_dict. "output" is behind bias and ReLU.
        LAYERS = {
        @LAYERS@}

        KEY = "quantization_annotation"
        # Results of these have the grid of their first input.
        MOVING = ("max_pool2d", "flatten", "view", "reshape", "permute", "transpose", "squeeze", "unsqueeze", "dropout")
        CLAMPING = ("relu", "relu_", "hardtanh", "hardtanh_", "clamp", "relu6")


        class FixedPerChannelObserver(ObserverBase):
            \"""Observes nothing: its parameters are given.\"""

            def __init__(self, scales, zero_points, dtype, quant_min, quant_max, qscheme, ch_axis=0, **unused):
                super().__init__(dtype=dtype)
                self.scales, self.zero_points = scales, zero_points
                self.quant_min, self.quant_max = quant_min, quant_max
                self.qscheme, self.ch_axis = qscheme, ch_axis

            def forward(self, x):
                return x

            def calculate_qparams(self):
                return torch.tensor(self.scales, dtype=torch.float32), torch.tensor(self.zero_points, dtype=torch.int64)


        def activation_spec(a):
            return FixedQParamsQuantizationSpec(
                dtype=a.dtype,
                scale=a.scale,
                zero_point=a.zero_point,
                quant_min=a.quant_min,
                quant_max=a.quant_max,
                qscheme=torch.per_tensor_affine,
            )


        def weight_spec(w):
            return QuantizationSpec(
                dtype=w.dtype,
                observer_or_fake_quant_ctr=FixedPerChannelObserver.with_args(scales=w.scales, zero_points=w.zero_points),
                quant_min=w.quant_min,
                quant_max=w.quant_max,
                qscheme=torch.per_tensor_affine if w.axis is None else torch.per_channel_affine,
                ch_axis=w.axis,
            )


        def bias_spec(node, w):
            # The unit of a bias is that of the products: scale of the input times scale of the weight.
            def qparams(observers):
                (s_x, _), (s_w, _) = (o.calculate_qparams() for o in observers)
                scale = s_x * s_w
                return scale, torch.zeros_like(scale, dtype=torch.int64)

            return DerivedQuantizationSpec(
                derived_from=[(node.args[0], node), (node.args[1], node)],
                derive_qparams_fn=qparams,
                dtype=torch.int32,
                quant_min=-(2**31),
                quant_max=2**31 - 1,
                qscheme=torch.per_tensor_affine if w.axis is None else torch.per_channel_affine,
                ch_axis=None if w.axis is None else 0,
            )


        def operator(node):
            return node.target.__name__.split(".")[0] if node.op == "call_function" else ""


        def end_of_layer(node):
            # What clamps the result belongs to the layer: it is rounded behind.
            users = list(node.users)
            return users[0] if len(users) == 1 and operator(users[0]) in CLAMPING else node


        class Settings(Quantizer):
            def annotate(self, model):
                found = set()
                for node in model.graph.nodes:
                    weight = node.args[1] if node.op == "call_function" and len(node.args) > 1 else None
                    name = str(weight.target) if isinstance(weight, torch.fx.Node) and weight.op == "get_attr" else None
                    if name in LAYERS:
                        found.add(name)
                        self.annotate_layer(node, LAYERS[name])
                for node in model.graph.nodes:
                    if operator(node) in MOVING and KEY not in node.meta:
                        source = node.args[0]
                        before = source.meta.get(KEY)
                        if before is not None and before.output_qspec is not None:
                            node.meta[KEY] = QuantizationAnnotation(
                                input_qspec_map={source: SharedQuantizationSpec(source)},
                                output_qspec=SharedQuantizationSpec((source, node)),
                                _annotated=True,
                            )
                for name in LAYERS.keys() - found:
                    print("no layer of the model has the weight", name)
                return model

            def annotate_layer(self, node, layer):
                inputs = {}
                if "input" in layer:
                    inputs[node.args[0]] = activation_spec(layer["input"])
                if "weight" in layer:
                    inputs[node.args[1]] = weight_spec(layer["weight"])
                if layer.get("integer_bias") and len(node.args) > 2 and node.args[2] is not None:
                    inputs[node.args[2]] = bias_spec(node, layer["weight"])
                end = end_of_layer(node)
                output = activation_spec(layer["output"]) if "output" in layer else None
                node.meta[KEY] = QuantizationAnnotation(
                    input_qspec_map=inputs, output_qspec=output if end is node else None, _annotated=True
                )
                if end is not node:
                    end.meta[KEY] = QuantizationAnnotation(output_qspec=output, _annotated=True)

            def validate(self, model):
                pass


        def quantize(model, example_inputs):
            \"""The float model with these settings: quantize and dequantize operators in its graph.\"""
            exported = torch.export.export(model.eval(), example_inputs).module()
            prepared = prepare_pt2e(exported, Settings())
            prepared(*example_inputs)
            return convert_pt2e(prepared)


        if __name__ == "__main__":
            for weight, layer in LAYERS.items():
                print(weight, ", ".join(layer))
        """;
}
