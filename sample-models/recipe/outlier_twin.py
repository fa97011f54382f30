"""Writes FOLDER/fashion_vit_outliers.onnx, the outlier twin of FOLDER/fashion_vit.onnx: the same function, but three
channels of what each linear layer reads are 40 times as large, as in large language models.

usage: outlier_twin.py FOLDER
needs numpy and onnx (written with onnx 1.23); seeded, one second. A factor of 40 is no power of two, so weights are
rounded again; all 10,000 test pictures keep their class.
"""
import sys
import numpy as np, onnx
from onnx import numpy_helper

FACTOR, CHANNELS, SEED = 40, 3, 7
folder = sys.argv[1].rstrip('/') + '/'
model = onnx.load(folder + 'fashion_vit.onnx')
graph = model.graph
stored = {t.name: t for t in graph.initializer}
constants = {n.output[0]: n.attribute[0].t for n in graph.node if n.op_type == 'Constant'}
maker = {o: n for n in graph.node for o in n.output}
seeded = np.random.RandomState(SEED)


def tensor(name): return stored[name] if name in stored else constants[name]
def value(name): return numpy_helper.to_array(tensor(name)).astype('f8')
def put(name, v): tensor(name).CopyFrom(numpy_helper.from_array(np.ascontiguousarray(v, 'f4'), name))


def scale(name, channels, factor, axis):
    v = value(name)
    at = [slice(None)] * v.ndim
    at[axis] = channels
    v[tuple(at)] *= factor
    put(name, v)


for layer in [n for n in graph.node if n.op_type in ('MatMul', 'Gemm') and n.input[1] in stored]:
    weight, before = layer.input[1], maker[layer.input[0]]
    inputs = 1 if layer.op_type == 'Gemm' else 0                        # this Gemm stores [outputs, inputs]
    at = np.sort(seeded.choice(value(weight).shape[inputs], CHANNELS, replace=False))
    if before.op_type == 'ReduceMean':                                  # the mean over positions keeps channels apart
        before = maker[before.input[0]]
    if before.op_type == 'Add' and before.input[1] in stored:           # LayerNorm: its gain and its bias
        scale(maker[before.input[0]].input[1], at, FACTOR, 0)
        scale(before.input[1], at, FACTOR, 0)
    elif before.op_type == 'Mul':                                       # GELU: its factor 0.5, now one for each channel
        half = np.full(value(weight).shape[inputs], value(before.input[1]))
        half[at] *= FACTOR
        put(before.input[1], half)
    else:                                                               # attention: the values, the last third of qkv
        qkv = next(n for n in graph.node if n.name == layer.name.replace('/o/', '/qkv/'))
        add = next(n for n in graph.node if n.op_type == 'Add' and qkv.output[0] in n.input)
        third = at + 2 * value(weight).shape[0]
        scale(qkv.input[1], third, FACTOR, 1)
        scale(add.input[0], third, FACTOR, 0)
    scale(weight, at, 1 / FACTOR, inputs)
onnx.checker.check_model(model)
onnx.save(model, folder + 'fashion_vit_outliers.onnx')
