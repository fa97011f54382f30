package org.quantscope.core.departure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.departure.TwoForms.Part;
import org.quantscope.core.departure.TwoForms.Split;
import org.quantscope.core.job.Progress;
import org.quantscope.core.loader.ModelLoaders;

/** What the difference of two forms is made of is found again, and its parts sum to it. */
class TwoFormsTest {
    @TempDir
    private Path folder;

    private TwoForms between(Path floats, ModelProto first, ModelProto second) throws IOException {
        TwoForms found = ComparedForms.of(
                        ModelLoaders.open(floats),
                        Twins.PICTURES,
                        new ComparedForms.Form(Twins.write(first, folder), Map.of()),
                        Optional.of(new ComparedForms.Form(Twins.write(second, folder), Map.of())),
                        Progress.NONE,
                        Twins.NEVER)
                .second()
                .orElseThrow()
                .between()
                .orElseThrow();
        found.tensors().forEach(row -> sums(row.difference()));
        found.flips().forEach(flip -> sums(flip.margin()));
        return found;
    }

    private static void sums(Split split) {
        double sum = 0;
        for (Part part : Part.values()) {
            sum += split.part(part);
        }
        assertThat(sum).isCloseTo(split.whole(), within(1e-6 * Math.max(1, Math.abs(split.whole()))));
    }

    private static Split last(TwoForms between) {
        return between.tensors().getLast().difference();
    }

    @Test
    void scalesRoundingPlacementAndFaultsEachHaveTheirPart() throws IOException {
        Path floats = Twins.smallNet(folder);
        ModelProto tensors = Twins.qdq(floats, Twins.PICTURES, Twins.Settings.W8, folder);
        ModelProto four = Twins.qdq(floats, Twins.PICTURES, Twins.Settings.W4, folder);

        TwoForms scales = between(floats, tensors, four);
        assertThat(last(scales).whole()).isGreaterThan(1e-3);
        assertThat(last(scales).part(Part.SCALE)).isCloseTo(last(scales).whole(), within(1e-6));
        assertThat(scales.tensors().getLast().first().getAsDouble())
                .isGreaterThan(scales.tensors().getLast().second().getAsDouble() + 10);

        // Every other code of a weight is one higher: the same scale, another rounding.
        Split rounding = last(between(floats, tensors, changed(tensors, "conv2_w_quantized", i -> i % 2)));
        assertThat(rounding.whole()).isGreaterThan(1e-5);
        assertThat(rounding.part(Part.ROUNDING)).isCloseTo(rounding.whole(), within(1e-6 + 0.05 * rounding.whole()));

        // A value that the second form leaves float.
        Split placement = last(between(floats, tensors, Twins.withoutQuantizer(tensors, "a1")));
        assertThat(placement.whole()).isGreaterThan(1e-6);
        assertThat(placement.part(Part.PLACEMENT)).isCloseTo(placement.whole(), within(0.05 * placement.whole()));

        // A bias that no grid explains.
        GraphProto.Builder g = tensors.getGraph().toBuilder();
        PlantedFaultsTest.scale(g, "fc_b_scale", -1, 5);
        TwoForms fault =
                between(floats, tensors, tensors.toBuilder().setGraph(g).build());
        assertThat(last(fault).part(Part.REST)).isCloseTo(last(fault).whole(), within(1e-4));
        assertThat(fault.flips()).isNotEmpty();
        assertThat(fault.firstAgrees()).isGreaterThan(fault.secondAgrees());
    }

    private static ModelProto changed(ModelProto of, String codes, IntUnaryOperator by) {
        GraphProto.Builder g = of.getGraph().toBuilder();
        PlantedFaultsTest.add(g, codes, by);
        return of.toBuilder().setGraph(g).build();
    }
}
