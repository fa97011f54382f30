package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.export.LitertExporter;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Reads the calibration result of ai-edge-quantizer: {@code {tensor: {"min": …, "max": …}}}. If it is given a recipe,
 * it reads the calibration result beside it. Parameters are computed as that quantizer does: 8 bits asymmetric, or 16
 * bits symmetric from −32767 to 32767 if {@code num_bits} is 16.
 */
final class LitertImporter implements Importer {
    private static final long MAX_BYTES = 64L << 20;
    private static final long MAX_TOKENS = 16L << 20;

    @Override
    public String id() {
        return LitertExporter.ID;
    }

    @Override
    public String title() {
        return "LiteRT (TensorFlow Lite) calibration result";
    }

    @Override
    public String source() {
        return LitertExporter.SOURCE;
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        boolean recipe = StrictJson.read(file, MAX_BYTES, MAX_TOKENS, json -> {
            boolean array = json.isArray();
            json.skip();
            return array;
        });
        if (!recipe) {
            return ranges(file, model, List.of(), cancel);
        }
        Path beside = file.resolveSibling(file.getFileName() + LitertExporter.CALIBRATION);
        return ranges(
                beside,
                model,
                List.of("the ranges are those of " + beside.getFileName() + "; the recipe holds none"),
                cancel);
    }

    private static Imported ranges(Path file, Model model, List<String> notes, CancelToken cancel) throws IOException {
        Names names = new Names(model);
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        StrictJson.read(file, MAX_BYTES, MAX_TOKENS, json -> {
            json.object(name -> {
                cancel.check();
                var read = new Object() {
                    @Nullable
                    Double min;

                    @Nullable
                    Double max;

                    int bits = Byte.SIZE;
                };
                json.object(field -> {
                    switch (field) {
                        case "min" -> read.min = single(json);
                        case "max" -> read.max = single(json);
                        case "num_bits" -> read.bits = json.integer(Byte.SIZE, Short.SIZE);
                        default -> json.skip();
                    }
                });
                String at = json.path();
                double min = json.required(at, "min", read.min);
                double max = json.required(at, "max", read.max);
                TensorInfo info = names.find(name).orElse(null);
                if (info == null) {
                    return;
                }
                if (info.kind() != TensorKind.ACTIVATION) {
                    names.refuse(
                            name,
                            "it is a " + info.kind().id() + ", LiteRT takes the range of a weight from its values");
                    return;
                }
                specs.put(info.id(), json.make(at, () -> spec(min, max, read.bits)));
            });
            return true;
        });
        return new Imported(specs, names.unmatched(), notes);
    }

    /** Reads a number, which may be nested in lists of one element: the quantizer stores arrays of one value. */
    private static double single(StrictJson json) {
        if (!json.isArray()) {
            return json.float64();
        }
        double[] value = {Double.NaN};
        json.array(() -> {
            if (!Double.isNaN(value[0])) {
                throw json.bad("one number is needed, an activation has one range");
            }
            value[0] = single(json);
        });
        if (Double.isNaN(value[0])) {
            throw json.bad("one number is needed, got an empty list");
        }
        return value[0];
    }

    private static QuantSpec spec(double min, double max, int bits) {
        if (bits != Byte.SIZE && bits != Short.SIZE) {
            throw new IllegalArgumentException("num_bits: 8 or 16 are known, got " + bits);
        }
        if (min > max) {
            throw new IllegalArgumentException("min: " + min + " is above max " + max);
        }
        double lo = Math.min(min, 0);
        double hi = Math.max(max, 0);
        QuantSpec spec = QuantSpec.ACTIVATIONS.withBits(bits).withSigned(true);
        if (bits == Short.SIZE) {
            float scale = (float) (Math.max(-lo, hi) / Short.MAX_VALUE);
            QuantParams params = new QuantParams(
                    Granularity.TENSOR, new float[] {scale}, new int[] {0}, -Short.MAX_VALUE, Short.MAX_VALUE);
            return spec.withSymmetric(true).withRestrictedRange(true).withClip(new Clip.Fixed(params));
        }
        double step = (hi - lo) / ((1 << Byte.SIZE) - 1);
        int zeroPoint = (int)
                Math.clamp(Byte.MIN_VALUE - Math.rint(lo / step), (double) Byte.MIN_VALUE, (double) Byte.MAX_VALUE);
        return spec.withClip(new Clip.Fixed(new QuantParams(
                Granularity.TENSOR,
                new float[] {(float) step},
                new int[] {zeroPoint},
                Byte.MIN_VALUE,
                Byte.MAX_VALUE)));
    }
}
