package org.quantscope.core.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.quant.Granularity;

/**
 * A Python program that quantizes a model with ONNX Runtime's quantize_static and the settings as overrides. Unlike the
 * file for the runner it gives each tensor a type of its own.
 */
public final class OrtOverridesPythonExporter extends FileFormat {
    public static final String ID = "ort-overrides-py";
    private static final Target TARGET = OrtOverrides.target(ID);

    private static final String HEAD = """
        #!/usr/bin/env python3
        # Quantizes a model with ONNX Runtime, with the scales and zero points below in place of calibrated ones.
        # Written by Quantscope @VERSION@ for the model with SHA-256 @SHA@.
        @PROVENANCE@#
        #   pip install onnxruntime onnx numpy
        #   python THIS_FILE MODEL.onnx SAMPLES.npz QUANTIZED.onnx
        #
        # SAMPLES.npz holds the inputs of the model under their names (or one array), the first axis counting samples. They only
        # calibrate what has no override here: with an override for every tensor, one sample is enough.
        import sys

        import numpy as np
        import onnxruntime
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

        # The numpy type of each zero point.
        DTYPES = {
            QuantType.QInt8: np.int8,
            QuantType.QUInt8: np.uint8,
            QuantType.QInt16: np.int16,
            QuantType.QUInt16: np.uint16,
            QuantType.QInt4: np.int8,
            QuantType.QUInt4: np.uint8,
        }


        def tensor(quant_type, scale, zero_point):
            \"""One scale for the whole tensor.\"""
            return [
                {
                    "quant_type": quant_type,
                    "scale": np.array(scale, dtype=np.float32),
                    "zero_point": np.array(zero_point, dtype=DTYPES[quant_type]),
                }
            ]


        def channels(quant_type, axis, scales, zero_points):
            \"""One scale for each index of an axis; only weights can have this.\"""
            entries = [tensor(quant_type, s, z)[0] for s, z in zip(scales, zero_points)]
            entries[0]["axis"] = axis
            return entries


        # TensorQuantOverrides: value = (code - zero point) * scale.
        OVERRIDES = {
        """;

    private static final String TAIL = """
        }

        # Types of tensors that have no override.
        ACTIVATION_TYPE = QuantType.@ACTIVATION@
        WEIGHT_TYPE = QuantType.@WEIGHT@
        PER_CHANNEL = @CHANNELS@


        # The numpy type of each input that is no float32.
        TYPES = {
            "tensor(double)": np.float64,
            "tensor(float16)": np.float16,
            "tensor(int64)": np.int64,
            "tensor(int32)": np.int32,
            "tensor(int16)": np.int16,
            "tensor(int8)": np.int8,
            "tensor(uint8)": np.uint8,
        }


        class Samples(CalibrationDataReader):
            \"""Feeds the samples of an .npz file one by one.\"""

            def __init__(self, model, file):
                arrays = np.load(file)
                inputs = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).get_inputs()
                self.arrays = {i.name: self.fit(i, arrays[i.name if i.name in arrays.files else arrays.files[0]]) for i in inputs}
                self.at = 0

            def fit(self, wanted, array):
                array = array.astype(TYPES.get(wanted.type, np.float32))
                if array.ndim == len(wanted.shape):
                    return array
                return array.reshape([len(array)] + [d if isinstance(d, int) else 1 for d in wanted.shape[1:]])

            def get_next(self):
                if self.at >= min(len(a) for a in self.arrays.values()):
                    return None
                self.at += 1
                return {name: a[self.at - 1 : self.at] for name, a in self.arrays.items()}


        def main():
            model, samples, quantized = sys.argv[1:4]
            quantize_static(
                model,
                quantized,
                Samples(model, samples),
                quant_format=QuantFormat.QDQ,
                activation_type=ACTIVATION_TYPE,
                weight_type=WEIGHT_TYPE,
                per_channel=PER_CHANNEL,
                extra_options={"TensorQuantOverrides": OVERRIDES},
            )


        if __name__ == "__main__":
            main()
        """;

    public OrtOverridesPythonExporter() {
        super(
                ID,
                "ONNX Runtime tensor overrides, as a Python program",
                OrtOverrides.SOURCE,
                ".py",
                EnumSet.of(Field.CODES, Field.CHOICE));
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return TARGET.problems(plan);
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        List<Encoding> carried = TARGET.carried(plan);
        StringBuilder text = new StringBuilder(Template.fill(
                HEAD,
                Map.of(
                        "VERSION", ProvenanceText.version(plan),
                        "SHA", ProvenanceText.modelSha256(plan),
                        "PROVENANCE", ProvenanceText.comments(plan, "# "))));
        for (Encoding e : carried) {
            cancel.check();
            String type = "QuantType." + OrtOverrides.quantType(OrtOverrides.type(e));
            text.append("    ").append(Python.text(e.id().name())).append(": ");
            if (e.params().granularity() instanceof Granularity.PerChannel c) {
                String scales = String.join(
                        ", ",
                        IntStream.range(0, e.params().slices())
                                .mapToObj(i -> Float.toString(e.params().scale(i)))
                                .toList());
                String zeroPoints = String.join(
                        ", ",
                        IntStream.of(e.params().zeroPoints())
                                .mapToObj(Integer::toString)
                                .toList());
                text.append("channels(")
                        .append(type)
                        .append(", ")
                        .append(c.axis())
                        .append(", [")
                        .append(scales)
                        .append("], [")
                        .append(zeroPoints)
                        .append("]),\n");
            } else {
                text.append("tensor(")
                        .append(type)
                        .append(", ")
                        .append(e.params().scale(0))
                        .append(", ")
                        .append(e.params().zeroPoint(0))
                        .append("),\n");
            }
        }
        boolean perChannel = carried.stream().anyMatch(e -> e.params().granularity() instanceof Granularity.PerChannel);
        text.append(Template.fill(
                TAIL,
                Map.of(
                        "ACTIVATION", commonest(carried.stream().filter(Encoding::isActivation), CodeType.UINT8),
                        "WEIGHT", commonest(carried.stream().filter(e -> !e.isActivation()), CodeType.INT8),
                        "CHANNELS", Python.bool(perChannel))));
        Files.writeString(file, text, StandardCharsets.UTF_8);
        return List.of(file);
    }

    private static String commonest(Stream<Encoding> encodings, CodeType otherwise) {
        return OrtOverrides.quantType(OrtOverrides.commonest(encodings.toList()).orElse(otherwise));
    }
}
