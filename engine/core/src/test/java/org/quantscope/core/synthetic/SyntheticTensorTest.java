package org.quantscope.core.synthetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.quantscope.core.Engine;
import org.quantscope.core.Oracles;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.ValueFigures;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;

class SyntheticTensorTest {
    private static final int MANY = 1 << 17;
    /** The first value of the Laplace recipe at seed 7. */
    private static final float LAPLACE_7_0 = 0.049917277f;

    private final CancelToken cancel = new CancelToken();

    @TempDir
    Path folder;

    /** Each distribution with the parameters of the array of the oracles that is drawn from it. */
    private static SyntheticTensor like(String array, int size) {
        return switch (array) {
            case "gauss" -> new SyntheticTensor(Distribution.NORMAL, Map.of("std", 0.05), 1, size);
            case "laplace" -> new SyntheticTensor(Distribution.LAPLACE, Map.of("b", 0.3), 1, size);
            case "bimodal" -> new SyntheticTensor(Distribution.TWO_BUMPS, 1, size);
            case "relu_laplace_outlier" -> new SyntheticTensor(Distribution.RELU_LAPLACE, 1, size);
            default -> throw new IllegalArgumentException(array);
        };
    }

    private double leastMse(Tensor tensor, int bits) {
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(bits).withClip(new Clip.Auto("mse"));
        return ErrorPass.measure(
                        tensor, RangeResolver.resolve(tensor, spec, cancel).params(), cancel)
                .mse();
    }

    /** The oracles' arrays hold 8192 other draws of the same distributions, so their optima differ by what 8192 values tell. */
    @ParameterizedTest
    @CsvSource({
        "gauss, 4, 0.06",
        "gauss, 3, 0.06",
        "laplace, 4, 0.15",
        "laplace, 3, 0.12",
        "bimodal, 4, 0.06",
        "relu_laplace_outlier, 4, 0.15",
        "relu_laplace_outlier, 8, 0.12"
    })
    void theLeastErrorIsThatOfTheOraclesArray(String array, int bits, double tolerance) {
        double oracle = Oracles.FIGURES
                .get(array)
                .get("mse_search")
                .get(Integer.toString(bits))
                .get("mse")
                .doubleValue();

        assertThat(leastMse(like(array, 8192).tensor("w"), bits)).isCloseTo(oracle, within(tolerance * oracle));
    }

    /**
     * The exact optima of an integer symmetric quantizer on the densities, by closed integrals (tables beside the
     * oracles, unit variance): clip and squared error; {@code chance} is what so many draws may be off.
     */
    @ParameterizedTest
    @CsvSource({
        "NORMAL, std, 1, 4, 2.47388, 0.0128894, 0.015",
        "NORMAL, std, 1, 3, 1.95231, 0.0468600, 0.015",
        "LAPLACE, b, 0.70710678, 4, 3.40819, 0.0273952, 0.06"
    })
    void theOptimumIsThatOfTheDensity(
            Distribution distribution,
            String parameter,
            double value,
            int bits,
            double clip,
            double mse,
            double chance) {
        Tensor tensor = new SyntheticTensor(distribution, Map.of(parameter, value), 3, MANY).tensor("w");
        QuantSpec spec = QuantSpec.WEIGHTS.withBits(bits).withClip(new Clip.Auto("mse"));
        double found = RangeResolver.resolve(tensor, spec, cancel)
                .requested()
                .getFirst()
                .hi();

        assertThat(leastMse(tensor, bits)).isCloseTo(mse, within(chance * mse));
        assertThat(found).isCloseTo(clip, within(0.06 * clip));
    }

    /** The best 15 levels divide the interval into 15 equal parts, so that the error is that of rounding: s²/12. */
    @Test
    void uniformValuesLeaveNothingToClip() {
        Tensor tensor = new SyntheticTensor(Distribution.UNIFORM, 5, MANY).tensor("w");
        double step = 2 / 15.0;

        assertThat(leastMse(tensor, 4)).isCloseTo(step * step / 12, within(0.02 * step * step / 12));
    }

    @ParameterizedTest
    @EnumSource(Distribution.class)
    void equalRecipesGiveEqualValuesAndAnotherSeedDoesNot(Distribution distribution) {
        float[] one =
                new SyntheticTensor(distribution, 7, 1024).tensor("w").data().toFloats();

        assertThat(new SyntheticTensor(distribution, 7, 1024).tensor("w").data().toFloats())
                .isEqualTo(one);
        assertThat(new SyntheticTensor(distribution, 8, 1024).tensor("w").data().toFloats())
                .isNotEqualTo(one);
        assertThat(one).doesNotContain(Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY);
        // Equal on every machine: this was drawn on one.
        if (distribution == Distribution.LAPLACE) {
            assertThat(one[0]).isEqualTo(LAPLACE_7_0);
        }
    }

    @Test
    void momentsAreThoseOfTheDistribution() {
        ValueFigures normal = ValueFigures.of(
                new SyntheticTensor(Distribution.NORMAL, Map.of("mean", 2.0, "std", 3.0), 1, MANY)
                        .tensor("w")
                        .data(),
                cancel);
        ValueFigures laplace = ValueFigures.of(
                new SyntheticTensor(Distribution.LAPLACE, Map.of("b", 2.0), 1, MANY)
                        .tensor("w")
                        .data(),
                cancel);
        ValueFigures t = ValueFigures.of(
                new SyntheticTensor(Distribution.STUDENT_T, Map.of("freedom", 10.0), 1, MANY)
                        .tensor("w")
                        .data(),
                cancel);

        assertThat(normal.mean()).isCloseTo(2, within(0.05));
        assertThat(normal.std()).isCloseTo(3, within(0.05));
        assertThat(laplace.std()).isCloseTo(2 * Math.sqrt(2), within(0.05));
        // The variance of t is ν/(ν−2).
        assertThat(t.std()).isCloseTo(Math.sqrt(10 / 8.0), within(0.02));
    }

    @Test
    void theLoudChannelIsTheFirst() {
        SyntheticTensor recipe =
                new SyntheticTensor(Distribution.LOUD_CHANNEL, Map.of("channels", 4.0, "loudness", 100.0), 1, 4096);
        float[] values = recipe.tensor("w").data().toFloats();

        assertThat(recipe.shape()).isEqualTo(Shape.of(4, 1024));
        assertThat(absMax(values, 0, 1024)).isBetween(250f, 600f);
        assertThat(absMax(values, 1024, 4096)).isLessThan(6);
    }

    private static float absMax(float[] values, int from, int to) {
        float most = 0;
        for (int i = from; i < to; i++) {
            most = Math.max(most, Math.abs(values[i]));
        }
        return most;
    }

    @ParameterizedTest
    @EnumSource(Distribution.class)
    void aRecipeSurvivesItsFile(Distribution distribution) throws IOException {
        SyntheticTensor recipe = new SyntheticTensor(distribution, 11, 512);
        Path file = folder.resolve("bell.synthetic");

        SyntheticFile.write(file, recipe);
        Model model = ModelLoaders.open(file);

        assertThat(SyntheticFile.read(file)).isEqualTo(recipe);
        assertThat(model.format()).isEqualTo("synthetic");
        assertThat(model.tensors().getFirst().id().name()).isEqualTo("bell");
        assertThat(model.tensors().getFirst().data().toFloats())
                .isEqualTo(recipe.tensor("w").data().toFloats());
        assertThat(ModelLoaders.openHeader(file).tensors().getFirst().data().isRead())
                .isFalse();
        assertThat(Engine.analysed(model)).isEqualTo(model);
        var schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(
                        Path.of(System.getProperty("quantscope.root"), "docs/schemas/synthetic.schema.json")));
        assertThat(schema.validate(Files.readString(file), InputFormat.JSON)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"synthetic\":\"cauchy\",\"size\":5} | a.synthetic: synthetic: \"cauchy\" is not known; known:"
                        + " normal,",
                "{\"synthetic\":\"normal\"} | a.synthetic: size: the field is missing",
                "{\"synthetic\":\"normal\",\"size\":0} | a.synthetic: size: a whole number from 1",
                "{\"synthetic\":\"normal\",\"size\":1e9} | a.synthetic: size: a whole number from 1",
                "{\"synthetic\":\"normal\",\"size\":5,\"parameters\":{\"b\":1}} | parameters.b: normal has mean, std",
                "{\"synthetic\":\"normal\",\"size\":5,\"parameters\":{\"std\":0}} | parameters.std: 0.01 to 10.0, got"
                        + " 0.0",
                "{\"synthetic\":\"loud-channel\",\"size\":50} | size: a multiple of 16",
                "{\"synthetic\":\"loud-channel\",\"size\":5,\"parameters\":{\"channels\":2.5}} | a whole number, got"
                        + " 2.5",
                "{\"synthetic\":\"relu-laplace\",\"size\":5,\"parameters\":{\"outliers\":6}} | at most the size 5",
                "{\"synthetic\":\"normal\",\"size\":5,\"sede\":1} | a.synthetic: sede: unknown field; known here",
                "{\"synthetic\":\"normal\",\"size\":5 | a.synthetic",
            })
    void whatCannotBeDrawnIsRefusedByName(String content, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("a.synthetic"), content);

        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }
}
