# Written by Quantscope @VERSION@ for the model with SHA-256 0000000000000000000000000000000000000000000000000000000000000000.
# calibration data sha256: 1111111111111111111111111111111111111111111111111111111111111111
# calibration samples: 64
# Quantizes a float LiteRT model as the recipe and the calibration result beside this file say: python THIS.py model.tflite quantized.tflite
import json, sys, numpy as np; from ai_edge_quantizer import quantizer
here = sys.argv[0].removesuffix(".py")
ranges = {t: {k: np.array(r[k]).reshape([1]) for k in ("min", "max")} for t, r in json.load(open(here + ".calibration.json")).items()}
quantizer.Quantizer(sys.argv[1], json.load(open(here))).quantize(ranges).export_model(sys.argv[2])
