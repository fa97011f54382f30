package org.quantscope.core.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.corruption.Corruptions;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.FileRef;

class SampleCorruptionTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.root"), "sample-models");
    private static final Path DIGITS = SAMPLES.resolve("digits_test.npz");

    private static Dataset corrupted(Dataset data, String text) {
        return Datasets.corrupted(data, Optional.of(Corrupted.parse(text)));
    }

    private static float[] values(Dataset data, int... samples) {
        float[] out = new float[(int) data.sampleShape().count() * samples.length];
        data.fill(samples, out);
        return out;
    }

    /** By NumPy from the stored bytes 0 to 16, the formula and the generator. */
    @Test
    void bytesThatGoToSixteenAreCorruptedInThatRangeAndStayWhole() throws IOException {
        float[] made = values(corrupted(Datasets.open(DIGITS), "noise:3"), 3);

        assertThat(Arrays.copyOf(made, 24))
                .containsExactly(
                        0.0625f, 0.0f, 0.125f, 0.125f, 0.9375f, 0.6875f, 0.0f, 0.0f, 0.125f, 0.0625f, 0.0625f, 0.8125f,
                        1.0f, 0.4375f, 0.0f, 0.0f, 0.0f, 0.0f, 0.8125f, 1.0f, 0.875f, 0.3125f, 0.125f, 0.125f);
    }

    @Test
    void aSampleIsCorruptedTheSameHoweverItIsAskedFor() throws IOException {
        for (String file : List.of("digits_test.npz", "fashion_mnist_calibration.npz")) {
            Dataset whole = Datasets.open(SAMPLES.resolve(file));
            for (Corruption corruption : Corruptions.all()) {
                Dataset made = corrupted(whole, corruption.id() + ":5");
                float[] alone = values(made, 5);
                int n = alone.length;

                assertThat(Arrays.copyOfRange(values(made, 2, 5, 0), n, 2 * n)).isEqualTo(alone);
                assertThat(values(corrupted(whole.limit(6), corruption.id() + ":5"), 5))
                        .isEqualTo(alone);
                assertThat(values(SampleSubset.of(made, new int[] {9, 5}), 1)).isEqualTo(alone);
                assertThat(alone).isNotEqualTo(values(whole, 5));
                float[] ends = values(whole, 0, 1, 2, 3, 4, 5);
                Arrays.sort(ends);
                for (float v : alone) {
                    assertThat(v).isBetween(ends[0] - 1e-6f, ends[ends.length - 1] + 1e-6f);
                }
                assertThat(values(corrupted(whole, corruption.id() + ":0"), 5, 1))
                        .isEqualTo(values(whole, 5, 1));
                assertThat(made.corrupted().orElseThrow()).startsWith(corruption.title() + ", severity 5: ");
            }
        }
    }

    @Test
    void aTableIsAVectorWhoseFeaturesCountInTheirOwnDeviations(@TempDir Path folder) throws IOException {
        Path csv = folder.resolve("wine.csv");
        Files.writeString(csv, "a,b,c,label\n1,100,5,0\n3,300,5,1\n5,500,5,0\n7,700,5,1\n");
        Dataset whole = Datasets.open(csv);

        // Means 4 and 400; standard deviations sqrt(5) and 100·sqrt(5); severity 3 adds 0.75 of them.
        assertThat(values(corrupted(whole, "brightness:3"), 0))
                .containsExactly(new float[] {2.677051f, 267.7051f, 5}, within(1e-4f));
        assertThat(values(corrupted(whole, "contrast:2"), 3))
                .containsExactly(new float[] {5.5f, 550, 5}, within(1e-4f));
        assertThatThrownBy(() -> corrupted(whole, "jpeg:1"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("corruption: jpeg makes no sense for vectors; noise, contrast, brightness do");
    }

    @Test
    void idsOfTokensAreRefused() throws IOException {
        Dataset tokens = Datasets.open(SAMPLES.resolve("adder_test.npz"));

        assertThatThrownBy(() -> corrupted(tokens, "noise:1"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("ids of tokens");
    }

    @Test
    void pictureFilesAreCorruptedAtTheSizeOfTheModelWhateverItsColoursAndLayout(@TempDir Path folder)
            throws IOException {
        Path one = Files.createDirectories(folder.resolve("a"));
        BufferedImage picture = new BufferedImage(12, 10, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 120; i++) {
            picture.setRGB(i % 12, i / 12, i * 2 << 16 | (200 - i) << 8 | i);
        }
        ImageIO.write(picture, "png", one.resolve("1.png").toFile());
        Preprocessing how = Preprocessing.NONE
                .withResize(Optional.of(new Resize(6, 5, Resize.Method.BILINEAR, Resize.Aspect.STRETCH, true, 0)))
                .withOutputLayout(Optional.of(Layout.NHWC));
        Samples samples = Datasets.samples(folder, new CancelToken());
        for (Corruption corruption : Corruptions.all()) {
            Preprocessing worse = how.withCorruption(Optional.of(new Corrupted(corruption.id(), 4)));
            float[] rgb = values(Datasets.prepare(samples, worse), 0);
            float[] bgr = values(Datasets.prepare(samples, worse.withColour(Optional.of(Colour.BGR))), 0);

            assertThat(rgb).hasSize(90).isNotEqualTo(values(Datasets.prepare(samples, how), 0));
            for (int i = 0; i < rgb.length; i++) {
                assertThat(bgr[i - i % 3 + 2 - i % 3]).isEqualTo(rgb[i]);
                assertThat(rgb[i]).isBetween(0f, 255f).isEqualTo((float) Math.rint(rgb[i]));
            }
        }
    }

    @Test
    void whatIsCorruptedHasAnotherDigestAndWhatIsNotHasTheOneItHad() throws IOException {
        Dataset whole = Datasets.open(DIGITS);

        assertThat(FileRef.of(corrupted(whole, "noise:3")).digest())
                .isNotEqualTo(FileRef.of(whole).digest())
                .isNotEqualTo(FileRef.of(corrupted(whole, "noise:2")).digest());
        assertThat(Preprocessing.NONE)
                .hasToString("Preprocessing[shape=Optional.empty, layout=Optional.empty, outputLayout=Optional.empty,"
                        + " resize=Optional.empty, colour=Optional.empty, scale=1.0, mean=[0.0], std=[1.0],"
                        + " modelClasses=[], labelColumn=Optional.empty,"
                        + " labelNumbers=LabelNumbers[first=0, ignored=Optional.empty]]");
    }
}
