package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.Engine;
import org.quantscope.core.export.Exporter.Field;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.Breadth;

/**
 * Settings come back from every format that can be read as they were written, in every field that the format carries. A tensor
 * that an exporter leaves out has a problem of severity error; nothing else may be missing.
 */
class RoundTripTest {
    private static final CancelToken NEVER = new CancelToken();
    /** Of the smallest model, with many settings; the others bring the shapes that it has not. */
    private static final String SMALL = "digits_mlp.onnx";

    private static final int CONFIGS = Breadth.of(10, 40);
    private static final int CONFIGS_OF_OTHERS = Breadth.of(1, 10);
    /** Depthwise convolutions, and matrices of three axes. */
    private static final Set<String> OTHERS = Set.of("fashion_mobilenet.onnx", "fashion_vit.onnx");

    private static final List<String> SCHEMES = Quantizers.all().stream()
            .map(q -> q.id())
            .filter(id -> !id.equals("lloyd-max"))
            .toList();

    @TempDir
    private Path folder;

    static Stream<String> models() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("quantscope.samples")))) {
            return files
                    .map(f -> f.getFileName().toString())
                    .filter(n -> n.endsWith(".onnx"))
                    .filter(n -> n.equals(SMALL) || Breadth.of(OTHERS.contains(n), true))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void settingsComeBackAsTheyWere(String name) throws IOException {
        Model model = Engine.open(Path.of(System.getProperty("quantscope.samples"), name), true);
        List<Exporter> exporters = Exporters.all().stream()
                .filter(e -> Importers.all().stream().anyMatch(i -> i.id().equals(e.id())))
                .toList();
        assertThat(exporters).isNotEmpty();
        Map<String, Integer> compared = new TreeMap<>();
        // Most specs come back as they were: searching their ranges once is enough.
        Resolver cache = new Resolver();
        for (int seed = 0; seed < (name.equals(SMALL) ? CONFIGS : CONFIGS_OF_OTHERS); seed++) {
            ExportPlan plan = random(model, new Random(seed), cache);
            for (Exporter exporter : exporters) {
                String what = name + ", seed " + seed + ", " + exporter.id();
                Path file = written(exporter, plan, "first");
                Importer importer = Importers.byId(exporter.id());
                Imported read = importer.read(file, model, NEVER);

                assertThat(read.unmatched()).as(what).isEmpty();
                compared.merge(exporter.id(), compare(exporter, plan, read, cache, what), Integer::sum);

                ExportPlan again = plan(model, alone(read, plan), cache);
                Path second = written(exporter, again, "again");
                Imported reread = importer.read(second, model, NEVER);
                assertThat(reread.specs()).as("%s: written again", what).isEqualTo(read.specs());
                Path third = written(exporter, plan(model, alone(reread, again), cache), "third");
                assertThat(third).as("%s: a fixed point", what).hasSameBinaryContentAs(second);
            }
        }
        assertThat(compared)
                .as("every format carried something")
                .hasSameSizeAs(exporters)
                .allSatisfy((id, n) -> assertThat(n).as(id).isPositive());
    }

    /** Not moved into place, and so not forced to disk: that is {@link ExportersTest}'s matter. */
    private Path written(Exporter exporter, ExportPlan plan, String name) throws IOException {
        Path file = folder.resolve(name);
        Files.deleteIfExists(file);
        return exporter.write(plan, file, NEVER).getFirst();
    }

    /** @return how many tensors were compared */
    private static int compare(Exporter exporter, ExportPlan plan, Imported read, Resolver cache, String what) {
        Set<String> refused = exporter.check(plan).stream()
                .filter(p -> p.severity() == ExportProblem.Severity.ERROR)
                .map(ExportProblem::tensor)
                .collect(Collectors.toSet());
        Set<Field> lost = exporter.loses();
        Set<String> expected = new TreeSet<>();
        Map<TensorId, Encoding> resolved = new HashMap<>();
        plan(plan.model(), alone(read, plan), cache).encodings().forEach(e -> resolved.put(e.id(), e));
        for (Encoding e : plan.encodings()) {
            if (refused.contains(e.id().name())
                    || lost.contains(e.isActivation() ? Field.ACTIVATIONS : Field.WEIGHTS)) {
                continue;
            }
            expected.add(e.id().name());
            QuantSpec spec = read.specs().get(e.id());
            assertThat(spec).as("%s: %s", what, e.id()).isNotNull();
            if (spec.clip() instanceof Clip.Manual(ClipRange range)
                    && lost.contains(Field.SCALE)
                    && lost.contains(Field.CODES)) {
                // Ranges instead of parameters: whoever reads them chooses the width.
                if (!lost.contains(Field.RANGE)) {
                    assertThat(range)
                            .as("%s: %s", what, e.id())
                            .isEqualTo(e.effective().getFirst());
                } else {
                    assertThat(range.absMax())
                            .as("%s: %s", what, e.id())
                            .isEqualTo(e.effective().getFirst().absMax());
                }
                continue;
            }
            QuantParams got = resolved.get(e.id()).params();
            Encoding back = new Encoding(e.info(), spec, got);
            String tensor = what + ": " + e.id();
            if (!lost.contains(Field.SCALE)) {
                assertThat(got.scales()).as(tensor).isEqualTo(e.params().scales());
            }
            if (!lost.contains(Field.GRANULARITY)) {
                assertThat(got.granularity()).as(tensor).isEqualTo(e.params().granularity());
            }
            if (!lost.contains(Field.CODEBOOK)) {
                assertThat(got.codebooks()).as(tensor).isEqualTo(e.params().codebooks());
            }
            if (e.isAffine()) {
                if (!lost.contains(Field.SIGN)) {
                    assertThat(back.isSigned()).as(tensor).isEqualTo(e.isSigned());
                }
                if (!lost.contains(Field.ZERO_POINT)) {
                    if (lost.contains(Field.SIGN)) {
                        assertThat(fromLowest(back)).as(tensor).isEqualTo(fromLowest(e));
                    } else {
                        assertThat(got.zeroPoints())
                                .as(tensor)
                                .isEqualTo(e.params().zeroPoints());
                    }
                }
                if (!lost.contains(Field.CODES)) {
                    assertThat(got.qmax() - got.qmin())
                            .as(tensor)
                            .isEqualTo(e.params().qmax() - e.params().qmin());
                }
                if (lost.contains(Field.CODES)) {
                    assertThat(back.bits()).as(tensor).isGreaterThanOrEqualTo(e.bits());
                } else {
                    assertThat(back.bits()).as(tensor).isEqualTo(e.bits());
                }
            }
        }
        assertThat(read.specs().keySet().stream().map(TensorId::name)).as(what).containsExactlyElementsOf(expected);
        return expected.size();
    }

    /** Zero points counted from the lowest code of the type, which is what they are where signs are lost. */
    private static List<Integer> fromLowest(Encoding e) {
        List<Integer> distances = new ArrayList<>();
        for (int zeroPoint : e.params().zeroPoints()) {
            distances.add(zeroPoint - e.typeMin());
        }
        return distances;
    }

    static ExportPlan random(Model model, Random random, Resolver cache) {
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        Map<TensorId, ClipRange> ranges = new HashMap<>();
        for (TensorInfo activation : model.graph().map(OnnxGraph::activations).orElse(List.of())) {
            ranges.put(activation.id(), new ClipRange(random.nextFloat(-4, 1), random.nextFloat(2, 9)));
            QuantSpec spec = QuantSpec.ACTIVATIONS
                    .withBits(bits(random))
                    .withSigned(random.nextBoolean())
                    .withSymmetric(random.nextBoolean());
            specs.put(activation.id(), spec.withRestrictedRange(random.nextBoolean()));
        }
        for (Tensor tensor : model.tensors()) {
            if (tensor.info().kind() == TensorKind.WEIGHT) {
                specs.put(tensor.id(), weight(random));
            }
        }
        return plan(
                model,
                new Session(
                        SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                                .withWeights(Optional.empty())
                                .withOverrides(specs),
                        ActivationRanges.of(ranges)),
                cache);
    }

    private static QuantSpec weight(Random random) {
        QuantSpec uniform = QuantSpec.WEIGHTS
                .withBits(bits(random))
                .withSigned(random.nextBoolean())
                .withSymmetric(random.nextBoolean())
                .withRestrictedRange(random.nextBoolean())
                .withGranularity(
                        switch (random.nextInt(5)) {
                            case 0, 1 -> Granularity.TENSOR;
                            case 2 -> Granularity.CHANNEL;
                            case 3 -> new Granularity.PerChannel(random.nextInt(2));
                            default -> new Granularity.PerBlock(random.nextInt(2), 1 << random.nextInt(6));
                        });
        return random.nextInt(3) > 0
                ? uniform
                : Quantizers.byId(SCHEMES.get(random.nextInt(SCHEMES.size()))).adapt(uniform);
    }

    /** Half of them 8: that is what most targets take. */
    private static int bits(Random random) {
        return random.nextBoolean() ? 8 : random.nextInt(QuantSpec.MIN_BITS, QuantSpec.MAX_BITS + 1);
    }

    private static Session alone(Imported read, ExportPlan of) {
        return new Session(read.alone(of.state()), of.session().ranges());
    }

    private static ExportPlan plan(Model model, Session session, Resolver cache) {
        return new ExportPlan(
                model, session, cache.resolve(model, session.state(), session.calibration(), Progress.NONE, NEVER));
    }
}
