"""Writes cases.json: small ONNX models, an input each, and what the reference evaluator of the onnx package makes of it.

Run by hand with onnx 1.23 and numpy; no part of any build. With onnxruntime installed the results are compared with its.
"""

import base64
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

rng = np.random.default_rng(3)
cases = []


def f32(*shape):
    return (rng.integers(-16, 17, shape) / 8).astype(np.float32)


def i64(*values):
    return np.array(values, dtype=np.int64)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def without_batch_norm(model):
    """Before set 14 the reference evaluator takes the statistics from the batch: here the definition for inference in its place."""
    if model.opset_import[0].version >= 14:
        return model
    model = onnx.ModelProto.FromString(model.SerializeToString())
    stored = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    nodes = []
    for n in model.graph.node:
        if n.op_type == "BatchNormalization":
            scale, shift, mean, var = (stored[i] for i in n.input[1:])
            epsilon = next((a.f for a in n.attribute if a.name == "epsilon"), 1e-5)
            factor = scale / np.sqrt(var + np.float32(epsilon))
            model.graph.initializer.append(numpy_helper.from_array(factor.reshape(-1, 1, 1), "bn_factor"))
            model.graph.initializer.append(numpy_helper.from_array((shift - mean * factor).reshape(-1, 1, 1), "bn_shift"))
            nodes += [node("Mul", n.input[0] + " bn_factor", "bn_scaled"), node("Add", "bn_scaled bn_shift", n.output[0])]
        else:
            nodes.append(n)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def case(name, opset, x, nodes, stored, y=None):
    weights = [numpy_helper.from_array(np.asarray(v), k) for k, v in stored.items()]
    free = ["N"] + list(x.shape[1:])
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, free)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = min(model.ir_version, 3 if opset < 9 else 7 if opset < 19 else 10)
    if model.ir_version < 4:
        for w in weights:
            graph.input.append(helper.make_tensor_value_info(w.name, w.data_type, list(w.dims)))
        model = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    model.producer_name = ""
    if y is None:
        y = ReferenceEvaluator(without_batch_norm(model)).run(None, {"x": x})[0]
    try:
        import onnxruntime

        so = onnxruntime.SessionOptions()
        so.log_severity_level = 4
        other = onnxruntime.InferenceSession(model.SerializeToString(), so).run(None, {"x": x})[0]
        assert np.allclose(y, other, rtol=1e-5, atol=1e-6), name
    except ImportError:
        pass
    cases.append(
        {
            "name": name,
            "opset": opset,
            "model": base64.b64encode(model.SerializeToString()).decode(),
            "shape": list(x.shape),
            "x": [float(v) for v in x.ravel()],
            "y": [float(v) for v in y.ravel()],
        }
    )


def conv(name, x, w, bias=True, op="Conv", opset=13, **attributes):
    outputs = w.shape[1] * attributes.get("group", 1) if op == "ConvTranspose" else w.shape[0]
    stored = {"w": w, **({"b": f32(outputs)} if bias else {})}
    case(name, opset, x, [node(op, "x w b" if bias else "x w", "y", **attributes)], stored)


image = f32(2, 4, 6, 5)
conv("Conv, padded, with bias", image, f32(3, 4, 3, 3), pads=[1, 0, 1, 2])
conv("Conv, stride 2, no bias", image, f32(3, 4, 3, 2), bias=False, strides=[2, 1])
conv("Conv, two groups", image, f32(6, 2, 3, 3), group=2)
conv("Conv, depthwise", image, f32(4, 1, 3, 3), group=4, pads=[1, 1, 1, 1])
conv("Conv, depthwise, two outputs each", image, f32(8, 1, 3, 3), group=4)
conv("Conv, dilated", image, f32(3, 4, 2, 2), dilations=[2, 3])
conv("Conv, auto_pad SAME_UPPER", image, f32(3, 4, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2])
conv("Conv, auto_pad VALID", image, f32(3, 4, 3, 3), auto_pad="VALID")
conv("Conv, one dimension", f32(2, 3, 9), f32(4, 3, 3), pads=[2, 0])
conv("ConvTranspose, stride 2", image, f32(4, 3, 3, 3), op="ConvTranspose", strides=[2, 2], output_padding=[1, 1], pads=[1, 1, 1, 1])
# The reference evaluator of onnx 1.23 fails at groups: by the definition of ConvTranspose, without strides or padding.
w = f32(4, 3, 2, 2)
y = np.zeros((2, 6, 7, 6), dtype=np.float64)
for c in range(4):
    for k in range(3):
        for i in range(2):
            for j in range(2):
                y[:, c // 2 * 3 + k, i : i + 6, j : j + 5] += image[:, c].astype(np.float64) * w[c, k, i, j]
case("ConvTranspose, two groups", 13, image, [node("ConvTranspose", "x w", "y", group=2)], {"w": w}, y.astype(np.float32))

rows = f32(3, 4)
case("Gemm", 13, rows, [node("Gemm", "x w c", "y")], {"w": f32(4, 5), "c": f32(5)})
case("Gemm, transB, alpha, beta", 13, rows, [node("Gemm", "x w c", "y", transB=1, alpha=0.5, beta=-2.0)], {"w": f32(5, 4), "c": f32(3, 5)})
case("Gemm, transA", 13, rows, [node("Gemm", "x w c", "y", transA=1)], {"w": f32(3, 5), "c": f32(1, 5)})
case("MatMul, rows", 13, f32(2, 3, 4), [node("MatMul", "x w", "y")], {"w": f32(4, 5)})
case("MatMul, broadcast batches", 13, f32(2, 1, 3, 4), [node("MatMul", "x w", "y")], {"w": f32(3, 4, 2)})
case("MatMul, the weight first", 13, f32(2, 4, 3), [node("MatMul", "w x", "y")], {"w": f32(5, 4)})
case("MatMul, a vector", 13, f32(2, 3, 4), [node("MatMul", "x w", "y")], {"w": f32(4)})


def bn(channels):
    return {"scale": f32(channels), "shift": f32(channels), "mean": f32(channels), "var": np.abs(f32(channels)) + np.float32(0.5)}


for opset in (9, 14, 15):
    case(f"BatchNormalization alone, set {opset}", opset, image, [node("BatchNormalization", "x scale shift mean var", "y", epsilon=1e-3)], bn(4))
case(
    "Conv and BatchNormalization",
    13,
    image,
    [node("Conv", "x w", "c"), node("BatchNormalization", "c scale shift mean var", "n"), node("Relu", "n", "y")],
    {"w": f32(3, 4, 3, 3), **bn(3)},
)

case("MaxPool", 12, image, [node("MaxPool", "x", "y", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0])], {})
case("MaxPool, ceil_mode", 12, image, [node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)], {})
case("AveragePool, with padding counted", 11, image, [node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)], {})
case("AveragePool, without", 11, image, [node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1])], {})
case("GlobalAveragePool", 13, image, [node("GlobalAveragePool", "x", "y")], {})
case("GlobalMaxPool", 13, image, [node("GlobalMaxPool", "x", "y")], {})

case("Concat with itself and a constant", 13, rows, [node("Relu", "x", "r"), node("Concat", "r x", "y", axis=1)], {})
case("Slice by attributes", 9, image, [node("Slice", "x", "y", axes=[2, 3], starts=[1, -3], ends=[5, 100])], {})
case("Slice by inputs, backwards", 13, image, [node("Slice", "x s e a t", "y")], {"s": i64(4, 0), "e": i64(0, 9), "a": i64(2, 3), "t": i64(-2, 2)})
case("Pad by attributes", 9, image, [node("Pad", "x", "y", pads=[0, 0, 1, 2, 0, 0, 0, 1], value=0.5)], {})
case("Pad by inputs, reflected", 13, image, [node("Pad", "x p", "y", mode="reflect")], {"p": i64(0, 0, 2, 1, 0, 0, 1, 2)})
case("Pad and Conv", 13, image, [node("Pad", "x p", "q"), node("Conv", "q w", "y")], {"p": i64(0, 0, 1, 1, 0, 0, 1, 1), "w": f32(3, 4, 3, 3)})
case(
    "Shape arithmetic",
    11,
    image,
    [
        node("Shape", "x", "s"),
        node("Gather", "s zero", "n", axis=0),
        node("Unsqueeze", "n", "n1", axes=[0]),
        node("Concat", "n1 rest", "to", axis=0),
        node("Reshape", "x to", "f"),
        node("Gemm", "f w", "y"),
    ],
    {"zero": np.array(0, dtype=np.int64), "rest": i64(-1), "w": f32(120, 3)},
)
case(
    "Flatten by halves of a shape",
    17,
    image,
    [
        node("Shape", "x", "s", start=2),
        node("ReduceProd", "s", "area", keepdims=1),
        node("Concat", "head area", "to", axis=0),
        node("Reshape", "x to", "f"),
        node("Transpose", "f", "t", perm=[0, 2, 1]),
        node("MatMul", "t w", "y"),
    ],
    {"head": i64(0, 4), "w": f32(4, 3)},
)


def layer_norm(reduce):
    return [
        reduce("x", "m"),
        node("Sub", "x m", "d"),
        node("Pow", "d two", "q"),
        reduce("q", "v"),
        node("Add", "v eps", "ve"),
        node("Sqrt", "ve", "sd"),
        node("Div", "d sd", "z"),
        node("Mul", "z gamma", "g"),
        node("Add", "g beta", "l"),
        node("MatMul", "l w", "y"),
    ]


norm = {"two": np.float32(2), "eps": np.float32(1e-5), "gamma": f32(6), "beta": f32(6), "w": f32(6, 3)}
case("LayerNorm as primitives", 13, f32(2, 3, 6), layer_norm(lambda a, b: node("ReduceMean", a, b, axes=[-1])), norm)
case("LayerNorm as primitives, set 18", 18, f32(2, 3, 6), layer_norm(lambda a, b: node("ReduceMean", a + " last", b)), {**norm, "last": i64(-1)})
case("LayerNormalization", 17, f32(2, 3, 6), [node("LayerNormalization", "x gamma beta", "y", axis=-1)], {"gamma": f32(6), "beta": f32(6)})
# Before set 13 Softmax takes all axes from the given one together; the reference evaluator does not.
block = f32(2, 3, 4)
power = np.exp(block)
case("Softmax of rows and columns together", 11, block, [node("Softmax", "x", "y", axis=1)], {}, power / power.sum(axis=(1, 2), keepdims=True))
case("Softmax of columns", 13, f32(2, 3, 4), [node("Softmax", "x", "y", axis=1)], {})
case("Resize, nearest", 13, image, [helper.make_node("Resize", ["x", "", "k"], ["y"], mode="nearest")], {"k": np.array([1, 1, 2, 2], dtype=np.float32)})
case(
    "Resize, linear, aligned",
    13,
    image,
    [helper.make_node("Resize", ["x", "", "k"], ["y"], mode="linear", coordinate_transformation_mode="align_corners")],
    {"k": np.array([1, 1, 2, 2], dtype=np.float32)},
)
case(
    "LSTM, which stays in float",
    14,
    f32(3, 2, 4),
    [node("LSTM", "x w r b", "h", hidden_size=3), node("Squeeze", "h one", "q"), node("MatMul", "q v", "y")],
    {"w": f32(1, 12, 4) / 4, "r": f32(1, 12, 3) / 4, "b": f32(1, 24) / 4, "one": i64(1), "v": f32(3, 2)},
)
branch = lambda name, op: helper.make_graph([node(op, "g", name)], name, [], [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)])
case(
    "If, which stays in float",
    13,
    rows,
    [
        node("Gemm", "x w", "g"),
        node("ReduceSum", "g", "t", keepdims=0),
        node("Greater", "t zero", "c"),
        node("If", "c", "i", then_branch=branch("p", "Relu"), else_branch=branch("n", "Neg")),
        node("Abs", "i", "y"),
    ],
    {"w": f32(4, 5), "zero": np.float32(0)},
)


def network(opset):
    """The operators that are written in another way from one set to another."""
    stored = {"w": f32(3, 4, 3, 3), **bn(3), "fc": f32(3, 5), "fb": f32(5)}
    nodes = [node("Conv", "x w", "c", pads=[1, 1, 1, 1]), node("BatchNormalization", "c scale shift mean var", "n")]
    if opset >= 11:
        stored.update(lo=np.float32(-1), hi=np.float32(6), p=i64(0, 0, 1, 1, 0, 0, 1, 1))
        nodes += [node("Clip", "n lo hi", "r"), node("Pad", "r p", "q")]
    else:
        nodes += [node("Clip", "n", "r", min=-1.0, max=6.0), node("Pad", "r", "q", pads=[0, 0, 1, 1, 0, 0, 1, 1])]
    if opset >= 10:
        stored.update(s=i64(0, 1), e=i64(6, 6), a=i64(2, 3))
        nodes.append(node("Slice", "q s e a", "t"))
    else:
        nodes.append(node("Slice", "q", "t", starts=[0, 1], ends=[6, 6], axes=[2, 3]))
    nodes.append(node("MaxPool", "t", "u", kernel_shape=[2, 2], strides=[2, 2]))
    if opset >= 18:
        stored.update(hw=i64(2, 3))
        nodes.append(node("ReduceMean", "u hw", "m"))
    else:
        nodes.append(node("ReduceMean", "u", "m", axes=[2, 3]))
    if opset >= 13:
        stored.update(sq=i64(2, 3))
        nodes.append(node("Squeeze", "m sq", "z"))
    else:
        nodes.append(node("Squeeze", "m", "z", axes=[2, 3]))
    nodes += [node("Dropout", "z", "o"), node("Gemm", "o fc fb", "k"), node("Softmax", "k", "y", axis=1)]
    return nodes, stored


for opset in (7, 8, 9, 10, 11, 12, 13, 17, 18, 21, 23, 25):
    case(f"A network of set {opset}", opset, image, *network(opset))

out = pathlib.Path(__file__).with_name("cases.json")
out.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
print(len(cases), "cases,", out.stat().st_size, "bytes, onnx", onnx.__version__)
