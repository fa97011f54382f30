package org.quantscope.app.improve;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;

class EqualizeFirstTest {
    @TempDir
    Path folder;

    private ApplicationContext open(String model) {
        ChosenAnswers answers = new ChosenAnswers();
        answers.unsaved = Questions.Unsaved.DISCARD;
        ApplicationContext context = ApplicationContext.of(
                Runnable::run, Runnable::run, new Settings(folder.resolve("config")), answers, new RecordedNotices());
        context.session().open(List.of(SampleFiles.FOLDER.resolve(model)));
        return context;
    }

    private static void round(ApplicationContext context, String id) {
        context.bench()
                .apply(new Edit.SetWeights(
                        Optional.of(QuantSpec.WEIGHTS.withBits(4).withRounding(id))));
    }

    private static boolean offered(ApplicationContext context) {
        return context.equalizeFirst().offerProperty().get().isPresent();
    }

    /** It comes with the rounding, goes with the equalization, and comes back with undo. */
    @Test
    void itIsOfferedWhileItWouldHelp() {
        try (ApplicationContext context = open("fashion_lenet_unequalized.onnx")) {
            assertThat(offered(context)).isFalse();
            round(context, "gptq");
            assertThat(offered(context)).isTrue();
            context.corrections().apply(Corrections.byId("cross-layer-equalization"));
            assertThat(offered(context)).isFalse();
            context.bench().undo();
            assertThat(offered(context)).isTrue();
            round(context, "nearest");
            assertThat(offered(context)).isFalse();
        }
        try (ApplicationContext context = open("fashion_lenet.onnx")) {
            round(context, "gptq");
            assertThat(offered(context)).isFalse();
        }
    }
}
