package org.quantscope.core.importer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.FittedLevels;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class SessionImporterTest {
    private static final TensorId X = new TensorId("x");
    private static final TensorId Y = new TensorId("y");

    @TempDir
    private Path folder;

    /** The other session knows neither the range nor the levels that were observed here. */
    @Test
    void whatWasObservedOfActivationsComesAlongAsSetByHand() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", 1, 2)
                .output("y", 1, 2)
                .randomWeight("w", Shape.of(2, 2), -1, 1)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .open(folder);
        QuantSpec lloyd = Quantizers.byId("lloyd-max").adapt(QuantSpec.ACTIVATIONS.withBits(2));
        ClipRange range = new ClipRange(-1, 3);
        CodebookGrid levels = new CodebookGrid(-0.75f, 0, 0.5f, 2.5f);
        SessionState state = SessionState.of(FileRef.of(model.file(), new CancelToken()))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS))
                .withOverride(Y, lloyd);
        ActivationRanges ranges = new ActivationRanges(
                Map.of(X, new ClipRange(0, 1), Y, range), Map.of(Y, new FittedLevels("lloyd-max", 2, range, levels)));
        Path file = folder.resolve("c.json");
        SessionFile.write(new Session(state, ranges), file);

        Map<TensorId, QuantSpec> specs =
                new SessionImporter().read(file, model, new CancelToken()).specs();

        assertThat(specs.get(X)).isEqualTo(QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(0, 1))));
        assertThat(specs.get(Y).clip())
                .isInstanceOfSatisfying(
                        Clip.Fixed.class,
                        fixed -> assertThat(fixed.params().grid(0)).isEqualTo(levels));
        assertThat(specs.get(Y).scheme()).isEqualTo("lloyd-max");
    }
}
