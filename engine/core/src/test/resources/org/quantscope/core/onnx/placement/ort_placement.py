# Prints the values that ONNX Runtime 1.30 quantizes by default, and whose scale each has: python3 ort_placement.py model.onnx
import sys, onnx, numpy as np, warnings, logging
logging.disable(logging.CRITICAL); warnings.filterwarnings("ignore")
from onnxruntime.quantization import quantize_static, CalibrationDataReader, QuantFormat, QuantType
class R(CalibrationDataReader):
    def __init__(s,m):
        i=m.graph.input[0]; dims=[d.dim_value or 4 for d in i.type.tensor_type.shape.dim]
        s.it=iter([{i.name:np.random.rand(*dims).astype(np.float32)}])
    def get_next(s): return next(s.it,None)
f=sys.argv[1]; m=onnx.load(f)
m=onnx.shape_inference.infer_shapes(m); onnx.save(m,'in.onnx')
quantize_static('in.onnx','out.onnx',R(m),quant_format=QuantFormat.QDQ,activation_type=QuantType.QUInt8,weight_type=QuantType.QInt8)
q=onnx.load('out.onnx')
for n in q.graph.node:
    if n.op_type=='QuantizeLinear': print(n.input[0].replace('_QuantizeLinear_Input',''), '  scale', n.input[1])
