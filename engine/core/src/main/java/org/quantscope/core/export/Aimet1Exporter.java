package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.PrettyJson;
import org.quantscope.core.quant.Granularity;
import tools.jackson.core.JsonGenerator;

/**
 * AIMET encodings of version 1.0.0, as aimet-onnx and the QAIRT converter read them. Blocks lie along the input axis of
 * a matrix.
 */
public final class Aimet1Exporter extends FileFormat {
    public static final String ID = "aimet-1.0.0";
    private static final Integer[] BITS = {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    private static final Target TARGET = new Target(
            ID,
            "AIMET 1.0.0",
            TargetSupport.affine(BITS).andPerChannel().andBlocks().withWholeType(),
            TargetSupport.affine(BITS).withWholeType());

    public Aimet1Exporter() {
        super(
                ID,
                "AIMET encodings 1.0.0",
                Aimet.SOURCE,
                ".encodings",
                EnumSet.of(Field.SIGN, Field.CODES, Field.CHOICE));
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        List<ExportProblem> problems = new ArrayList<>(TARGET.problems(plan));
        for (Encoding e : TARGET.carried(plan)) {
            if (!isCarried(e)) {
                problems.add(new ExportProblem(
                        ID,
                        e.id().name(),
                        "its granularity is " + e.params().granularity() + " of shape "
                                + e.info().shape() + ", the file does not name the axis: a reader takes "
                                + (e.blockSize().isPresent()
                                        ? "blocks along the input axis of a matrix, all of one size"
                                        : "axis " + e.info().defaultAxis()),
                        "quantize it per channel",
                        Severity.ERROR,
                        Remedy.perChannel(e)));
            }
        }
        return problems;
    }

    private static boolean isMatrixAlongInput(Encoding e) {
        int axis = e.axis().orElseThrow();
        return e.info().shape().rank() == 2
                && axis == 1 - e.info().defaultAxis()
                && e.info().shape().dim(axis) % e.blockSize().orElseThrow() == 0;
    }

    private static boolean isCarried(Encoding e) {
        return e.blockSize().isPresent() ? isMatrixAlongInput(e) : Aimet.followsConsumer(e);
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        return Aimet.write(file, json -> {
            json.writeStartObject();
            json.writeStringProperty("version", "1.0.0");
            for (boolean activations : new boolean[] {true, false}) {
                json.writeArrayPropertyStart(activations ? "activation_encodings" : "param_encodings");
                for (Encoding e : TARGET.carried(plan)) {
                    cancel.check();
                    if (e.isActivation() == activations && isCarried(e)) {
                        entry(json, e);
                    }
                }
                json.writeEndArray();
            }
            Aimet.quantizerArgs(json, plan.state());
            ProvenanceText.write(json, plan);
            json.writeArrayPropertyStart("excluded_layers");
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    private static void entry(JsonGenerator json, Encoding e) {
        json.writeStartObject();
        json.writeStringProperty("name", e.id().name());
        json.writeStringProperty(
                "enc_type",
                switch (e.params().granularity()) {
                    case Granularity.PerTensor _ -> "PER_TENSOR";
                    case Granularity.PerChannel _ -> "PER_CHANNEL";
                    case Granularity.PerBlock _ -> "PER_BLOCK";
                });
        json.writeStringProperty("dtype", "INT");
        json.writeNumberProperty("bw", e.bits());
        json.writeBooleanProperty("is_sym", Aimet.isSymmetric(e));
        e.blockSize().ifPresent(size -> json.writeNumberProperty("block_size", size));
        int[] order = order(e);
        json.writeArrayPropertyStart("scale");
        for (int i : order) {
            PrettyJson.float32(json, e.params().scale(i));
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("offset");
        for (int i : order) {
            json.writeNumber(Aimet.offset(e, i));
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    /**
     * The slices in the order of the file: all blocks of one output channel along the input, then of the next,
     * whichever way the weight is stored.
     */
    private static int[] order(Encoding e) {
        int n = e.params().slices();
        int[] order = new int[n];
        boolean swapped = e.blockSize().isPresent() && e.axis().orElseThrow() == 0;
        int channels = swapped ? Math.toIntExact(e.info().shape().dim(1)) : 1;
        int blocks = n / channels;
        for (int i = 0; i < n; i++) {
            order[i] = swapped ? i % blocks * channels + i / blocks : i;
        }
        return order;
    }
}
