# Quantization settings for tiny.onnx (sha256 0000000000000000000000000000000000000000000000000000000000000000)
# as a quantizer for PyTorch's export flow. Written by Quantscope @VERSION@.
# calibration data sha256: 1111111111111111111111111111111111111111111111111111111111111111
# calibration samples: 64
#
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
    # Conv Conv0
    "conv.weight": {
        "input": Fixed("x", 0.01, 100, 0, 255, torch.uint8),
        "weight": Weight([0.007874016, 0.0034448819], [0, 0], -127, 127, torch.int8, 0),
        "output": Fixed("r", 0.01, 0, 0, 255, torch.uint8),
        "integer_bias": True,
    },
    # Gemm Gemm3
    "fc.weight": {
        "input": Fixed("r", 0.01, 0, 0, 255, torch.uint8),
        "weight": Weight([0.004429134], [0], -127, 127, torch.int8, None),
        "output": Fixed("y", 0.02, 100, 0, 255, torch.uint8),
        "integer_bias": True,
    },
}

KEY = "quantization_annotation"
# Results of these have the grid of their first input.
MOVING = ("max_pool2d", "flatten", "view", "reshape", "permute", "transpose", "squeeze", "unsqueeze", "dropout")
CLAMPING = ("relu", "relu_", "hardtanh", "hardtanh_", "clamp", "relu6")


class FixedPerChannelObserver(ObserverBase):
    """Observes nothing: its parameters are given."""

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
    """The float model with these settings: quantize and dequantize operators in its graph."""
    exported = torch.export.export(model.eval(), example_inputs).module()
    prepared = prepare_pt2e(exported, Settings())
    prepared(*example_inputs)
    return convert_pt2e(prepared)


if __name__ == "__main__":
    for weight, layer in LAYERS.items():
        print(weight, ", ".join(layer))
