package org.quantscope.app.synthetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.session.Background;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.synthetic.Distribution;
import org.quantscope.core.synthetic.Distribution.Parameter;

class SyntheticViewModelTest {
    private final RecordedNotices notices = new RecordedNotices();
    private final Deque<Runnable> work = new ArrayDeque<>();
    private final SyntheticViewModel model = new SyntheticViewModel(Background.of(work::add, Runnable::run, notices));

    @TempDir
    Path folder;

    private void run() {
        while (!work.isEmpty()) {
            work.poll().run();
        }
    }

    private SyntheticViewModel.View view() {
        return model.viewProperty().get();
    }

    private Parameter parameter(String name) {
        return view().recipe().distribution().parameters().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aSliderShowsTheFormerValuesAsPreviousUntilThoseOfTheNewRecipeAreDrawn() {
        model.show();
        run();
        var first = view().preview().orElseThrow();
        assertThat(view().previous()).isFalse();

        model.set(parameter("b"), 3);

        assertThat(view().preview()).containsSame(first);
        assertThat(view().previous()).isTrue();
        run();
        assertThat(view().previous()).isFalse();
        // The same draws, three times as far out.
        assertThat(view().preview().orElseThrow().values().max())
                .isCloseTo(3 * first.values().max(), within(1e-4f));
    }

    @Test
    void everyDistributionAndEverySliderEndCanBeDrawn() {
        for (Distribution distribution : Distribution.values()) {
            model.choose(distribution);
            model.setLogSize(SyntheticViewModel.LEAST_LOG_SIZE);
            for (Parameter p : distribution.parameters()) {
                for (double end : new double[] {p.least(), p.most(), p.usual()}) {
                    model.set(p, end);
                    run();
                    assertThat(view().previous()).isFalse();
                }
            }
        }
        assertThat(notices.problems).isEmpty();
    }

    @Test
    void channelsAreRoundedToAPowerOfTwoThatDividesTheSize() {
        model.choose(Distribution.LOUD_CHANNEL);
        model.set(parameter("channels"), 13);

        assertThat(view().recipe().parameters()).containsEntry("channels", 16.0);
    }

    @Test
    void theWrittenRecipeOpensAsTheTensorThatWasShown() throws IOException {
        model.set(parameter("b"), 0.30004);
        model.setSeed(7);
        Path file = model.write(folder.resolve("new"));

        assertThat(file.getFileName()).hasToString("laplace-b0.3-8192-seed7.synthetic");
        assertThat(ModelLoaders.open(file).tensors().getFirst().data().toFloats())
                .isEqualTo(view().recipe().tensor("w").data().toFloats());
    }
}
