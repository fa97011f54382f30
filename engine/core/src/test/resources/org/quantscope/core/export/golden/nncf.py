# Quantizes an ONNX model with NNCF. Written by Quantscope @VERSION@
# for the model with sha256 0000000000000000000000000000000000000000000000000000000000000000.
# calibration data sha256: 1111111111111111111111111111111111111111111111111111111111111111
# calibration samples: 64
#
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

MODEL = sys.argv[1] if len(sys.argv) > 1 else "tiny.onnx"
DATA = sys.argv[2] if len(sys.argv) > 2 else "calibration.npz"
QUANTIZED = sys.argv[3] if len(sys.argv) > 3 else MODEL.removesuffix(".onnx") + ".int8.onnx"

# Layers whose weight stays float, by the names of their nodes.
IGNORED = []

# One setting for all weights and one for all activations: those that most tensors have.
ADVANCED = AdvancedQuantizationParameters(
    overflow_fix=OverflowFix.DISABLE,
    weights_quantization_params=QuantizationParameters(num_bits=8, mode=QuantizationScheme.SYMMETRIC, signedness_to_force=True, per_channel=True),
    activations_quantization_params=QuantizationParameters(num_bits=8, mode=QuantizationScheme.ASYMMETRIC, per_channel=False),
)


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
