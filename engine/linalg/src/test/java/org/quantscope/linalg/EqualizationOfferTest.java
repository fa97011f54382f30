package org.quantscope.linalg;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.improve.EqualizationOffer;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;

class EqualizationOfferTest {
    private static Optional<EqualizationOffer> offer(Model model, String granularity, String rounding)
            throws IOException {
        return EqualizationOffer.of(model, state(model, granularity, rounding), Progress.NONE, new CancelToken());
    }

    private static SessionState state(Model model, String granularity, String rounding) throws IOException {
        return SessionState.of(FileRef.of(model.file(), new CancelToken()))
                .withWeights(Optional.of(QuantSpec.WEIGHTS
                        .withBits(4)
                        .withGranularity(Granularity.parse(granularity))
                        .withRounding(rounding)));
    }

    /** Offered where it helps, and nowhere else: per channel a depthwise layer has nothing to equalize. */
    @ParameterizedTest
    @CsvSource({
        "fashion_lenet_unequalized, channel, gptq, true",
        "fashion_lenet_unequalized, tensor, least-output-error, true",
        "fashion_lenet_unequalized, channel, nearest, false",
        "fashion_lenet, channel, gptq, false",
        "fashion_lenet, tensor, gptq, false",
        "digits_mlp, tensor, gptq, false",
        "fashion_mobilenet_folded, tensor, gptq, true",
        "fashion_mobilenet_folded, channel, gptq, false",
        "fashion_vit_outliers, tensor, gptq, false"
    })
    void itIsOfferedWhereChannelsDiffer(String model, String granularity, String rounding, boolean offered)
            throws IOException {
        assertThat(offer(SampleRun.open(model), granularity, rounding).isPresent())
                .isEqualTo(offered);
    }

    @Test
    void itSaysHowMuchAndIsNotRepeated() throws IOException {
        Model model = SampleRun.open("fashion_lenet_unequalized");
        EqualizationOffer found = offer(model, "channel", "gptq").orElseThrow();
        assertThat(found.weight().name()).isEqualTo("f1.weight");
        assertThat(found.before()).isBetween(5.0, 5.1);
        assertThat(found.after()).isBetween(0.3, 0.5);
        assertThat(found.said()).contains("f1.weight", "5.1 bits", "equalized 0.4", "equalize first");

        Model equalized = SampleRun.equalize(model).model();
        assertThat(offer(equalized, "channel", "gptq")).isEmpty();
        SessionState done = state(model, "channel", "gptq")
                .withCorrections(List.of(new AppliedCorrection(
                        "cross-layer-equalization", Map.of(), Optional.empty(), Optional.empty())));
        assertThat(EqualizationOffer.of(model, done, Progress.NONE, new CancelToken()))
                .isEmpty();
    }
}
