package org.quantscope.app.selected;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Settings;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/** Several tensors in one form, with settings that differ. */
class MixedSettingsTest {
    @TempDir
    Path folder;

    private ApplicationContext context;

    @BeforeEach
    void open() {
        context = ApplicationContext.of(
                Runnable::run, Runnable::run, new Settings(folder), new ChosenAnswers(), new RecordedNotices());
        context.session().openSample(SampleFiles.digits());
    }

    @AfterEach
    void close() {
        context.close();
    }

    private List<TensorId> weights() {
        return context.bench().weights().stream().map(QuantizableTensor::id).toList();
    }

    private QuantSpec spec(TensorId id) {
        return context.bench().spec(context.bench().subject(id).orElseThrow()).orElseThrow();
    }

    private Map<MixedSettings.Setting, String> mixed() {
        return context.quantizer().mixedProperty().get();
    }

    @Test
    void whatDiffersIsNamedWithItsValuesTheShownOneFirst() {
        List<TensorId> all = weights();
        context.bench().select(all.get(0));
        context.quantizer().setBits(4);
        context.quantizer().setSymmetric(false);
        assertThat(mixed()).isEmpty();
        context.bench().select(all.get(1));
        context.selected().setRange(ClipRange.symmetric(0.5f));
        context.bench().choose(Set.copyOf(all));

        assertThat(mixed())
                .containsEntry(MixedSettings.Setting.BITS, "8, 4")
                .containsEntry(MixedSettings.Setting.ZERO, "symmetric, asymmetric")
                .containsEntry(MixedSettings.Setting.RANGE, "by hand, Min–max")
                .doesNotContainKeys(MixedSettings.Setting.SCHEME, MixedSettings.Setting.GRANULARITY);
        assertThat(MixedSettings.said(mixed()))
                .startsWith("They differ in bits (8, 4), zero (symmetric, asymmetric)")
                .endsWith(". A change is for all of them.");
        context.bench().choose(Set.of(all.get(1)));
        assertThat(mixed()).isEmpty();
    }

    @Test
    void makingThemEqualIsOneStepAndARangeByHandStaysWithItsTensor() {
        List<TensorId> all = weights();
        context.bench().select(all.get(0));
        context.quantizer().setBits(4);
        context.quantizer().setScheme("pot");
        context.bench().select(all.get(1));
        context.quantizer().setBits(6);
        context.selected().setRange(ClipRange.symmetric(0.5f));
        QuantSpec shown = spec(all.get(1));
        QuantSpec other = spec(all.get(0));
        context.bench().choose(Set.copyOf(all));

        context.quantizer().makeEqual();

        assertThat(spec(all.get(1))).isEqualTo(shown);
        assertThat(all.stream().map(this::spec).map(QuantSpec::bits)).containsOnly(6);
        assertThat(all.stream().map(this::spec).map(QuantSpec::scheme)).containsOnly("uniform");
        assertThat(mixed()).containsOnlyKeys(MixedSettings.Setting.RANGE);
        context.bench().undo();
        assertThat(spec(all.get(0))).isEqualTo(other);
    }

    @Test
    void manyValuesAreCounted() {
        List<QuantSpec> specs = IntStream.rangeClosed(2, 8)
                .mapToObj(QuantSpec.WEIGHTS::withBits)
                .toList();
        assertThat(MixedSettings.of(specs)).containsExactly(Map.entry(MixedSettings.Setting.BITS, "7 values"));
    }
}
