package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import org.assertj.core.api.Assertions;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.tensor.TensorId;

class SessionFileProperties {
    @Property(tries = 100)
    void everyStateReadsBackEqualAndGivesTheSameBytes(@ForAll("states") SessionState state) throws IOException {
        Path file = Files.createTempFile("session", ".json");
        try {
            SessionFile.write(state, file);
            byte[] bytes = Files.readAllBytes(file);
            SessionState read = SessionFile.read(file);
            SessionFile.write(read, file);

            assertThat(read).isEqualTo(state);
            assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** Any one character of a good file changed: it is read or refused as bad input, nothing else. */
    @Property(tries = 150, shrinking = ShrinkingMode.OFF)
    void aDamagedFileIsReadOrRefused(@ForAll("states") SessionState state, @ForAll long where, @ForAll byte what)
            throws IOException {
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
    }

    @Provide
    Arbitrary<SessionState> states() {
        Arbitrary<Optional<QuantSpec>> maybeSpec = specs().optional();
        Arbitrary<Map<TensorId, QuantSpec>> overrides =
                Arbitraries.maps(ids(), specs()).ofMaxSize(4);
        Arbitrary<Set<TensorId>> kept = ids().set().ofMaxSize(4);
        Arbitrary<Map<TensorId, ClipRange>> ranges =
                Arbitraries.maps(ids(), ranges()).ofMaxSize(4);
        return Combinators.combine(
                        files(),
                        maybeSpec,
                        maybeSpec,
                        overrides,
                        kept,
                        ranges,
                        Arbitraries.of(true, false),
                        files().optional())
                .as((model, w, a, o, k, r, fold, data) -> new SessionState(
                        model,
                        w,
                        a,
                        o,
                        k,
                        r,
                        levels(r),
                        fold,
                        data,
                        data,
                        data.map(x -> new Task.TopK(5)),
                        r.keySet(),
                        fold ? List.of() : corrections(data, new CorrectionSettings(w, a, o, k, r, levels(r)))));
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
                new AppliedCorrection("bias-correction", Map.of(), data, Optional.of(settings)));
    }

    private static Arbitrary<TensorId> ids() {
        return Arbitraries.strings()
                .ofMinLength(1)
                .ofMaxLength(12)
                .filter(s -> s.codePoints().noneMatch(c -> c >= 0xd800 && c <= 0xdfff))
                .map(TensorId::new);
    }

    private static Arbitrary<FileRef> files() {
        Arbitrary<Path> paths = Arbitraries.of(
                Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath().resolve("m.onnx"),
                Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath().resolve("a b/ü/m.onnx"),
                Path.of("/elsewhere/deep/er/m.npz").toAbsolutePath(),
                Path.of("/top.npy").toAbsolutePath());
        return Combinators.combine(
                        paths,
                        Arbitraries.strings().withChars("0123456789abcdef").ofLength(64))
                .as(FileRef::new);
    }

    private static Arbitrary<QuantSpec> specs() {
        Arbitrary<String> schemes =
                Arbitraries.of(Quantizers.all().stream().map(q -> q.id()).toList());
        return Combinators.combine(
                        schemes,
                        Arbitraries.integers().between(QuantSpec.MIN_BITS, QuantSpec.MAX_BITS),
                        Arbitraries.of(true, false),
                        Arbitraries.of(true, false),
                        Arbitraries.of(true, false),
                        granularities(),
                        clips())
                .as((scheme, bits, signed, symmetric, narrow, granularity, clip) -> Quantizers.byId(scheme)
                        .adapt(new QuantSpec("uniform", bits, signed, symmetric, narrow, granularity, clip, Map.of()))
                        .withClip(clip));
    }

    private static Arbitrary<Granularity> granularities() {
        Arbitrary<Integer> axes = Arbitraries.integers().between(-1, 4);
        return Arbitraries.oneOf(
                Arbitraries.just(Granularity.TENSOR),
                axes.map(Granularity.PerChannel::new),
                Combinators.combine(axes, Arbitraries.integers().between(1, 256))
                        .as(Granularity.PerBlock::new));
    }

    private static Arbitrary<Clip> clips() {
        Arbitrary<Clip> auto = Arbitraries.of(Calibrators.all())
                .flatMap(c -> Arbitraries.subsetOf(c.options()).map(chosen -> {
                    Map<String, String> options = new TreeMap<>();
                    for (OptionDoc option : chosen) {
                        options.put(option.name(), option.defaultValue());
                    }
                    return new Clip.Auto(c.id(), options);
                }));
        Arbitrary<List<ClipRange>> several = ranges().list().ofMinSize(1).ofMaxSize(5);
        return Arbitraries.oneOf(
                auto,
                ranges().map(Clip.Manual::new),
                several.map(Clip.ManualPerChannel::new),
                several.map(Clip.ManualPerBlock::new),
                params().map(Clip.Fixed::new));
    }

    private static Arbitrary<ClipRange> ranges() {
        return Combinators.combine(floats(), floats()).as((a, b) -> a <= b ? new ClipRange(a, b) : new ClipRange(b, a));
    }

    /** Every bit pattern of a finite float32: subnormals, both zeros, the largest. */
    private static Arbitrary<Float> floats() {
        return Arbitraries.integers().map(Float::intBitsToFloat).filter(f -> Float.isFinite(f));
    }

    private static Arbitrary<QuantParams> params() {
        Arbitrary<Float> scales = floats().map(Math::abs).filter(f -> f > 0 && f < 1e30f);
        Arbitrary<Integer> zeroPoints = Arbitraries.integers().between(-128, 127);
        return Combinators.combine(granularities(), Arbitraries.integers().between(1, 5))
                .flatAs((granularity, n) -> Combinators.combine(
                                scales.array(Float[].class).ofSize(n),
                                zeroPoints.array(Integer[].class).ofSize(n))
                        .as((s, z) -> {
                            float[] scale = new float[n];
                            int[] zeroPoint = new int[n];
                            for (int i = 0; i < n; i++) {
                                scale[i] = s[i];
                                zeroPoint[i] = z[i];
                            }
                            return new QuantParams(granularity, scale, zeroPoint, -128, 127);
                        }));
    }
}
