package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.export.OrtCalibrationJsonExporter;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Reads the calibration cache of ONNX Runtime's quantize_static, and the calibration.json of its calibrators: a range for each activation. */
final class OrtCalibrationJsonImporter implements Importer {
    private static final long MAX_BYTES = 256L << 20;
    private static final long MAX_TOKENS = 64L << 20;

    @Override
    public String id() {
        return OrtCalibrationJsonExporter.ID;
    }

    @Override
    public String title() {
        return "ONNX Runtime calibration cache";
    }

    @Override
    public String source() {
        return OrtCalibrationJsonExporter.SOURCE;
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        return StrictJson.read(file, MAX_BYTES, MAX_TOKENS, json -> {
            Reading reading = new Reading(json, new Names(model), cancel);
            json.object(field -> {
                switch (field) {
                    case "data" -> json.object(name -> reading.tensor(name, false));
                    case "calibration_method" ->
                        json.object(member -> {
                            if (member.equals("value")) {
                                reading.notes.add("ranges by " + json.string());
                            } else {
                                json.skip();
                            }
                        });
                    case OrtCalibrationJsonExporter.UNQUANTIZED ->
                        json.array(() -> reading.unquantized.add(json.string()));
                    case "CLS", "smooth_quant", "provenance" -> json.skip();
                    // The tensors of calibration.json are at the top level.
                    default -> reading.tensor(field, true);
                }
            });
            reading.names.settle(reading.specs);
            reading.unquantized.forEach(name -> reading.specs.remove(new TensorId(name)));
            if (!reading.unquantized.isEmpty()) {
                int n = reading.unquantized.size();
                reading.notes.add(n + (n == 1 ? " range is" : " ranges are")
                        + " of what was float or constant where the file was made");
            }
            return new Imported(reading.specs, reading.names.unmatchedBut(reading.unquantized), reading.notes);
        });
    }

    private record Reading(
            StrictJson json,
            Names names,
            CancelToken cancel,
            Map<TensorId, QuantSpec> specs,
            Set<String> unquantized,
            List<String> notes) {
        Reading(StrictJson json, Names names, CancelToken cancel) {
            this(json, names, cancel, new HashMap<>(), new HashSet<>(), new ArrayList<>());
        }

        void tensor(String name, boolean unframed) {
            cancel.check();
            @Nullable Float[] ends = new @Nullable Float[2];
            json.object(field -> {
                switch (field) {
                    case "lowest" -> ends[0] = number();
                    case "highest" -> ends[1] = number();
                    default -> json.skip();
                }
            });
            Float lo = ends[0];
            Float hi = ends[1];
            if (unframed && lo == null && hi == null) {
                throw json.bad("lowest and highest are needed, this is not a calibration file of ONNX Runtime");
            }
            boolean shared = lo != null && hi != null && names.shares(name, spec(lo, hi));
            TensorInfo info = shared ? null : names.find(name).orElse(null);
            if (info == null) {
                return;
            }
            if (info.kind() != TensorKind.ACTIVATION) {
                names.refuse(name, "it is a " + info.kind().id() + ", a calibration cache is of activations");
            } else if (lo == null || hi == null) {
                names.refuse(name, "it has no lowest and highest value");
            } else {
                specs.put(info.id(), spec(lo, hi));
            }
        }

        private QuantSpec spec(float lo, float hi) {
            return json.make(() -> QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(lo, hi))));
        }

        /** Reads a number, or a numpy array with one element. */
        private float number() {
            if (!json.isObject()) {
                return json.float32();
            }
            @Nullable Float[] value = new @Nullable Float[1];
            json.object(field -> {
                if (!field.equals("data")) {
                    json.skip();
                } else if (json.isArray()) {
                    json.array(() -> {
                        if (value[0] != null) {
                            throw json.bad("one number is needed: an activation has no ranges of channels");
                        }
                        value[0] = json.float32();
                    });
                } else {
                    value[0] = json.float32();
                }
            });
            if (value[0] == null) {
                throw json.bad("a number is needed");
            }
            return value[0];
        }
    }
}
