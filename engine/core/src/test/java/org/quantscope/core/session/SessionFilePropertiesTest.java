package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.Draw;

class SessionFilePropertiesTest {
    static LongStream seeds() {
        return LongStream.range(0, 10);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void everyStateReadsBackEqualAndGivesTheSameBytes(long seed) {
        Draw.cases(seed, 10, draw -> {
            Session state = state(draw);
            Path file = Files.createTempFile("session", ".json");
            try {
                SessionFile.write(state, file);
                byte[] bytes = Files.readAllBytes(file);
                Session read = SessionFile.read(file);
                SessionFile.write(read, file);

                assertThat(read).isEqualTo(state);
                assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
            } finally {
                Files.deleteIfExists(file);
            }
        });
    }

    /** Any one character of a good file changed: it is read or refused as bad input, nothing else. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void aDamagedFileIsReadOrRefused(long seed) {
        Draw.cases(seed, 15, draw -> {
            Session state = state(draw);
            long where = draw.random().nextLong();
            byte what = (byte) draw.random().nextInt();
            Path file = Files.createTempFile("session", ".json");
            try {
                SessionFile.write(state, file);
                byte[] bytes = Files.readAllBytes(file);
                bytes[(int) Math.floorMod(where, (long) bytes.length)] = what;
                Files.write(file, bytes);
                Throwable thrown = Assertions.catchThrowable(() -> SessionFile.read(file));

                if (thrown != null) {
                    assertThat(thrown)
                            .isInstanceOf(BadInputException.class)
                            .message()
                            .startsWith(file.getFileName() + ": ")
                            .doesNotContain("\n");
                }
            } finally {
                Files.deleteIfExists(file);
            }
        });
    }

    private static Session state(Draw draw) {
        Optional<QuantSpec> weights = draw.maybe(() -> spec(draw));
        Optional<QuantSpec> activations = draw.maybe(() -> spec(draw));
        Map<TensorId, QuantSpec> overrides = new TreeMap<>();
        draw.list(0, 4, () -> id(draw)).forEach(id -> overrides.put(id, spec(draw)));
        Set<TensorId> kept = new TreeSet<>(draw.list(0, 4, () -> id(draw)));
        Map<TensorId, ClipRange> ranges = new TreeMap<>();
        draw.list(0, 4, () -> id(draw)).forEach(id -> ranges.put(id, range(draw)));
        boolean fold = draw.flag();
        Optional<FileRef> data = draw.maybe(() -> file(draw));
        SessionState state = new SessionState(
                file(draw),
                weights,
                activations,
                overrides,
                kept,
                fold,
                data,
                data,
                data.map(x -> new Task.TopK(5)),
                ranges.keySet(),
                fold
                        ? List.of()
                        : corrections(
                                data,
                                new CorrectionSettings(
                                        weights,
                                        activations,
                                        overrides,
                                        kept,
                                        new ActivationRanges(ranges, levels(ranges)))),
                new Scored(data.map(x -> id(draw).name()), data.map(x -> "mask")),
                draw.maybe(() -> file(draw)));
        return new Session(state, new ActivationRanges(ranges, levels(ranges)));
    }

    /** Two levels for each range that holds two numbers. */
    private static Map<TensorId, FittedLevels> levels(Map<TensorId, ClipRange> ranges) {
        Map<TensorId, FittedLevels> levels = new TreeMap<>();
        ranges.forEach((id, range) -> {
            if (range.lo() < range.hi()) {
                levels.put(id, new FittedLevels("lloyd-max", 4, range, new CodebookGrid(range.lo(), range.hi())));
            }
        });
        return levels;
    }

    private static List<AppliedCorrection> corrections(Optional<FileRef> data, CorrectionSettings settings) {
        return List.of(
                new AppliedCorrection(
                        "cross-layer-equalization", Map.of("sweeps", "3"), Optional.empty(), Optional.empty()),
                new AppliedCorrection("bias-correction", Map.of(), data, Optional.of(settings)),
                new AppliedCorrection("recover", Map.of("epochs", "2"), data, Optional.of(settings))
                        .withLearned(new LearnedValues(Map.of(
                                new TensorId("a \"weight\""),
                                new float[] {0, -0f, Float.MIN_VALUE, -1.5f, Float.MAX_VALUE},
                                new TensorId("b"),
                                new float[5000]))));
    }

    private static TensorId id(Draw draw) {
        return new TensorId(draw.text(1, 12));
    }

    private static FileRef file(Draw draw) {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();
        Path path = draw.of(
                temporary.resolve("m.onnx"),
                temporary.resolve("a b/ü/m.onnx"),
                Path.of("/elsewhere/deep/er/m.npz").toAbsolutePath(),
                Path.of("/top.npy").toAbsolutePath());
        return new FileRef(path, String.join("", draw.list(64, 64, () -> draw.of("0123456789abcdef".split("")))));
    }

    private static QuantSpec spec(Draw draw) {
        Clip clip = clip(draw);
        QuantSpec uniform = new QuantSpec(
                "uniform",
                draw.between(QuantSpec.MIN_BITS, QuantSpec.MAX_BITS),
                draw.flag(),
                draw.flag(),
                draw.flag(),
                granularity(draw),
                clip,
                Map.of());
        return draw.of(Quantizers.all()).adapt(uniform).withClip(clip);
    }

    private static Granularity granularity(Draw draw) {
        return switch (draw.between(0, 2)) {
            case 0 -> Granularity.TENSOR;
            case 1 -> new Granularity.PerChannel(draw.between(-1, 4));
            default -> new Granularity.PerBlock(draw.between(-1, 4), draw.between(1, 256));
        };
    }

    private static Clip clip(Draw draw) {
        return switch (draw.between(0, 4)) {
            case 0 -> auto(draw);
            case 1 -> new Clip.Manual(range(draw));
            case 2 -> new Clip.ManualPerChannel(draw.list(1, 5, () -> range(draw)));
            case 3 -> new Clip.ManualPerBlock(draw.list(1, 5, () -> range(draw)));
            default -> new Clip.Fixed(params(draw));
        };
    }

    /** A calibrator with some of its options. */
    private static Clip auto(Draw draw) {
        Calibrator calibrator = draw.of(Calibrators.all());
        Map<String, String> options = new TreeMap<>();
        for (OptionDoc option : calibrator.options()) {
            if (draw.flag()) {
                options.put(option.name(), option.defaultValue());
            }
        }
        return new Clip.Auto(calibrator.id(), options);
    }

    private static ClipRange range(Draw draw) {
        float a = draw.finite();
        float b = draw.finite();
        return a <= b ? new ClipRange(a, b) : new ClipRange(b, a);
    }

    private static QuantParams params(Draw draw) {
        int n = draw.between(1, 5);
        float[] scales = new float[n];
        int[] zeroPoints = new int[n];
        for (int i = 0; i < n; i++) {
            scales[i] = scale(draw);
            zeroPoints[i] = draw.between(-128, 127);
        }
        return new QuantParams(granularity(draw), scales, zeroPoints, -128, 127);
    }

    private static float scale(Draw draw) {
        float f = Math.abs(draw.finite());
        return f > 0 && f < 1e30f ? f : scale(draw);
    }
}
