package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.PrettyJson;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.SessionState;
import tools.jackson.core.JsonGenerator;

/**
 * What the encoding files of AIMET and QNN have in common. They count codes from 0: {@code x = (q + offset)·scale} with
 * q from 0 to 2^bits − 1. So the offset is the lowest code of the type minus the zero point, and signed and unsigned
 * codes look the same. A tensor is symmetric there if its offset is −2^(bits−1).
 */
final class Aimet {
    static final String SOURCE = "https://quic.github.io/aimet-pages/releases/latest/techniques/encoding_spec.html";

    private Aimet() {}

    static int offset(Encoding e, int slice) {
        return e.typeMin() - e.params().zeroPoint(slice);
    }

    static boolean isSymmetric(Encoding e) {
        for (int i = 0; i < e.params().slices(); i++) {
            if (offset(e, i) != -(1 << (e.bits() - 1))) {
                return false;
            }
        }
        return true;
    }

    /** Lowest level of the type, in float32: {@code offset·scale}. */
    static float min(Encoding e, int slice) {
        return offset(e, slice) * e.params().scale(slice);
    }

    /** Highest level of the type, in float32: {@code (offset + 2^bits − 1)·scale}. */
    static float max(Encoding e, int slice) {
        return (offset(e, slice) + (1 << e.bits()) - 1) * e.params().scale(slice);
    }

    /**
     * True if the scales lie along the axis that a reader of the file assumes for channels, from the operator that
     * reads the weight.
     */
    static boolean followsConsumer(Encoding e) {
        OptionalInt axis = e.axis();
        return axis.isEmpty() || axis.getAsInt() == e.info().defaultAxis();
    }

    private static void legacyEntry(JsonGenerator json, Encoding e) {
        json.writeArrayPropertyStart(e.id().name());
        for (int i = 0; i < e.params().slices(); i++) {
            json.writeStartObject();
            json.writeNumberProperty("bitwidth", e.bits());
            json.writeStringProperty("dtype", "int");
            json.writeStringProperty("is_symmetric", isSymmetric(e) ? "True" : "False");
            float32(json, "max", max(e, i));
            float32(json, "min", min(e, i));
            json.writeNumberProperty("offset", offset(e, i));
            float32(json, "scale", e.params().scale(i));
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    /** Writes the two sections of version 0.6.1. */
    static void legacySections(JsonGenerator json, List<Encoding> carried, CancelToken cancel) {
        for (boolean activations : new boolean[] {true, false}) {
            json.writeObjectPropertyStart(activations ? "activation_encodings" : "param_encodings");
            for (Encoding e : carried) {
                cancel.check();
                if (e.isActivation() == activations && followsConsumer(e)) {
                    legacyEntry(json, e);
                }
            }
            json.writeEndObject();
        }
    }

    /**
     * The problems of a target whose files do not name the axis, so that it must be the one that follows from the
     * operator.
     */
    static List<ExportProblem> withAxis(Target target, ExportPlan plan) {
        List<ExportProblem> problems = new ArrayList<>(target.problems(plan));
        for (Encoding e : target.carried(plan)) {
            if (!followsConsumer(e)) {
                problems.add(new ExportProblem(
                        target.id(),
                        e.id().name(),
                        "its scales lie along axis " + e.axis().orElseThrow()
                                + ", the file does not name the axis and a reader takes "
                                + e.info().defaultAxis(),
                        "quantize it per channel",
                        Severity.ERROR,
                        Remedy.perChannel(e)));
            }
        }
        return problems;
    }

    /** Writes the block with AIMET's own quantizer settings; it is not read if every tensor has an encoding. */
    static void quantizerArgs(JsonGenerator json, SessionState state) {
        QuantSpec weights = state.weights().orElse(QuantSpec.WEIGHTS);
        json.writeObjectPropertyStart("quantizer_args");
        json.writeNumberProperty(
                "activation_bitwidth",
                state.activations().orElse(QuantSpec.ACTIVATIONS).bits());
        json.writeStringProperty("dtype", "int");
        json.writeBooleanProperty("is_symmetric", weights.symmetric());
        json.writeNumberProperty("param_bitwidth", weights.bits());
        json.writeBooleanProperty("per_channel_quantization", weights.granularity() instanceof Granularity.PerChannel);
        boolean minMax =
                weights.clip() instanceof Clip.Auto auto && auto.calibratorId().equals("minmax");
        json.writeStringProperty("quant_scheme", minMax ? "post_training_tf" : "post_training_tf_enhanced");
        json.writeEndObject();
    }

    static void float32(JsonGenerator json, String name, float value) {
        json.writeName(name);
        PrettyJson.float32(json, value);
    }

    static List<Path> write(Path file, Consumer<JsonGenerator> value) throws IOException {
        PrettyJson.write(file, value);
        return List.of(file);
    }
}
