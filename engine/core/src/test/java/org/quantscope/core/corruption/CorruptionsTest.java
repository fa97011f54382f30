package org.quantscope.core.corruption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values by an independent computation in NumPy from the formulae; those of JPEG from its own, DCT and tables. */
class CorruptionsTest {
    private static final double[] GREY = {0, .1, .2, .3, .9, .8, .7, .6, .5, 1, 0, .4};
    private static final double[] COLOUR = {.2, .4, .6, 0, 0, 0, 1, .5, 0, .3, .3, .3};

    private static double[] grey(String id, double amount, int sample) {
        return made(id, new PictureValues(3, 4, 1, GREY.clone()), amount, sample);
    }

    private static double[] colour(String id, double amount, int sample) {
        return made(id, new PictureValues(2, 2, 3, COLOUR.clone()), amount, sample);
    }

    private static double[] made(String id, PictureValues picture, double amount, int sample) {
        Corruption corruption = Corruptions.find(id).orElseThrow();
        corruption.corrupt(picture, amount, new Draws(corruption.stream(), sample));
        return picture.values();
    }

    @Test
    void noiseIsThatOfTheSample() {
        assertThat(grey("noise", 0.1, 7))
                .containsExactly(
                        new double[] {
                            0.010193005,
                            0.207966444,
                            0.149183107,
                            0.263172802,
                            0.891309784,
                            0.672342341,
                            0.772430871,
                            0.688583949,
                            0.691747574,
                            0.961089786,
                            0.070506051,
                            0.295766231
                        },
                        within(1e-8));
    }

    @Test
    void blurIsAGaussianFilterWithItsEdgeRepeated() {
        assertThat(grey("blur", 0.7, 0))
                .containsExactly(
                        new double[] {
                            0.203674129,
                            0.24996566,
                            0.303070636,
                            0.348820011,
                            0.633476812,
                            0.623563436,
                            0.505971524,
                            0.484008951,
                            0.649752834,
                            0.699830954,
                            0.378453153,
                            0.384557786
                        },
                        within(1e-8));
        assertThat(colour("blur", 0.7, 0))
                .containsExactly(
                        new double[] {
                            0.305917184,
                            0.3447285,
                            0.383539816,
                            0.130667635,
                            0.141302343,
                            0.151937051,
                            0.700513419,
                            0.426225235,
                            0.151937051,
                            0.362901762,
                            0.287743922,
                            0.212586081
                        },
                        within(1e-8));
    }

    @Test
    void contrastDrawsEachChannelToItsMean() {
        assertThat(grey("contrast", 0.4, 0))
                .containsExactly(
                        new double[] {.275, .315, .355, .395, .635, .595, .555, .515, .475, .675, .275, .435},
                        within(1e-12));
        assertThat(colour("contrast", 0.4, 0))
                .containsExactly(
                        new double[] {.305, .34, .375, .225, .18, .135, .625, .38, .135, .345, .3, .255},
                        within(1e-12));
    }

    @Test
    void brightnessIsTheValueOfHsv() {
        assertThat(colour("brightness", 0.15, 0))
                .containsExactly(new double[] {.25, .5, .75, .15, .15, .15, 1, .5, 0, .45, .45, .45}, within(1e-12));
        assertThat(grey("brightness", 0.15, 0)[0]).isEqualTo(0.15);
    }

    @Test
    void shiftGoesAWayThatIsThatOfTheSample() {
        assertThat(grey("shift", 0.3, 7))
                .containsExactly(
                        new double[] {
                            0.080941022,
                            0.180941022,
                            0.280941022,
                            0.3,
                            0.528597509,
                            0.507300775,
                            0.486004041,
                            0.481945101,
                            0.871001957,
                            0.398551042,
                            0.439967449,
                            0.478703266
                        },
                        within(1e-8));
        assertThat(colour("shift", 0.3, 1))
                .containsExactly(
                        new double[] {
                            0.14085425,
                            0.189750615,
                            0.238646981,
                            0.034764234,
                            0.034764234,
                            0.034764234,
                            0.587907649,
                            0.382259328,
                            0.176611008,
                            0.3,
                            0.3,
                            0.3
                        },
                        within(1e-8));
    }

    /** At qualities where no coefficient lies between two steps, which a forward transform in integers may round away. */
    @ParameterizedTest
    @ValueSource(ints = {69, 40, 15})
    void jpegQuantizesTheCosinesOfABlock(int quality) {
        double[] block = new double[64];
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 8; x++) {
                block[8 * y + x] = (37 * y * y + 91 * x + 13 * x * y * y) % 256 / 255.0;
            }
        }
        double[] made = made("jpeg", new PictureValues(8, 8, 1, block), quality, 0);
        int[] wanted = switch (quality) {
            case 69 -> new int[] {2, 87, 176, 26, 105, 203, 39, 119, 33, 150, 255, 78, 209, 37, 137, 255};
            case 40 -> new int[] {0, 97, 200, 0, 143, 202, 5, 142, 68, 81, 245, 120, 154, 34, 152, 255};
            default -> new int[] {0, 95, 208, 0, 198, 74, 95, 135, 73, 68, 255, 27, 215, 151, 105, 205};
        };
        for (int i = 0; i < wanted.length; i++) {
            assertThat(255 * made[i]).as("value " + i).isCloseTo(wanted[i], within(2.0));
        }
    }

    static Stream<Corruption> all() {
        return Corruptions.all().stream();
    }

    /** What holds for every corruption: it is described, and of every kind of sample it makes finite values, always the same. */
    @ParameterizedTest
    @MethodSource("all")
    void everyCorruptionKeepsItsPromises(Corruption corruption) {
        assertThat(corruption.id()).matches("[a-z-]+");
        assertThat(Corruptions.find(corruption.id())).containsSame(corruption);
        assertThat(corruption.doc()).endsWith(".");
        assertThat(corruption.source()).isNotBlank();
        assertThat(corruption.amounts(Subject.SMALL_PICTURE)).isPresent();
        assertThat(corruption.amounts(Subject.PICTURE)).isPresent();
        for (Subject subject : Subject.values()) {
            corruption.amounts(subject).ifPresent(amounts -> {
                assertThat(corruption.unit(subject)).isNotBlank();
                assertThat(amounts.of(0)).isEqualTo(amounts.none());
                for (int s = 1; s <= 5; s++) {
                    assertThat(amounts.of(s)).isEqualTo(amounts.at().get(s - 1));
                    assertThat(Math.abs(amounts.of(s) - amounts.none()))
                            .isGreaterThan(Math.abs(amounts.of(s - 0.5) - amounts.none()));
                    assertThat(corruption.said(subject, amounts.of(s))).containsPattern("[0-9]");
                }
            });
        }
        for (int side : new int[] {1, 2, 8, 70}) {
            for (int channels : new int[] {1, 3}) {
                Amounts amounts =
                        corruption.amounts(Subject.ofPicture(side, side)).orElseThrow();
                for (double severity : new double[] {0.1, 3, 5}) {
                    double[] values = new Random(side)
                            .doubles((long) side * side * channels)
                            .toArray();
                    double[] before = values.clone();
                    PictureValues picture = new PictureValues(side, side, channels, values);
                    double[] once = made(corruption.id(), picture, amounts.of(severity), 3);
                    double[] again = made(
                            corruption.id(), new PictureValues(side, side, channels, before), amounts.of(severity), 3);
                    assertThat(again).isEqualTo(once);
                    assertThat(Arrays.stream(once).allMatch(Double::isFinite)).isTrue();
                }
            }
        }
        corruption.amounts(Subject.VECTOR).ifPresent(amounts -> {
            double[] features = {-1, 0, 0.5, 2};
            corruption.corrupt(features, amounts.of(5), new Draws(corruption.stream(), 0));
            assertThat(features).isNotEqualTo(new double[] {-1, 0, 0.5, 2});
        });
    }

    @Test
    void choicesAreReadAsTheyAreWrittenAndNothingElse() {
        for (String text : new String[] {"noise:0", "jpeg:5", "shift:2.5", "blur:0.125"}) {
            assertThat(Corrupted.parse(text).text()).isEqualTo(text);
        }
        assertThat(Corrupted.parse("noise:2.50").text()).isEqualTo("noise:2.5");
        for (String text : new String[] {
            "",
            "noise",
            "noise:",
            ":3",
            "noise:-1",
            "noise:5.1",
            "noise:NaN",
            "noise:1e0",
            "fog:1",
            "noise:3 ",
            "noise:1:2"
        }) {
            assertThatThrownBy(() -> Corrupted.parse(text))
                    .as(text)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("corruption: ");
        }
        assertThatThrownBy(() -> new Corrupted("noise", Double.NaN)).hasMessageContaining("NaN");
    }
}
