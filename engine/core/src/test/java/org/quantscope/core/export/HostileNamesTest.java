package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** Names of tensors, nodes and files stay names in every exported text, whatever characters they are made of. */
class HostileNamesTest {
    private static final CancelToken NEVER = new CancelToken();

    /** Formats whose files are no text. */
    private static final Set<String> BINARY =
            Set.of("onnx-qdq", "onnx-matmulnbits", "onnx-float", "safetensors", "npz");

    private static final List<String> PIECES = List.of(
            "@IGNORED@",
            "@MODEL@",
            "@LAYERS@",
            "$VERSION",
            "$1",
            "\\1",
            "\"]; __import__('os').system('x') #",
            "'",
            "\"",
            "\"\"\"",
            "'''",
            "\\",
            "\\\"",
            "*/ int evil; /*",
            "*\\",
            "/",
            "//",
            "??/",
            "\n",
            "\r",
            "\t",
            "\u0000",
            "\u001b]0;x\u0007",
            "\u0085",
            "\u009b31m",
            "\u2028",
            "\u202e",
            "\ufeff",
            "\uD83D\uDE00",
            "\uDB40\uDC41",
            "{}",
            "%s",
            "<script>",
            "é",
            " ",
            "=",
            ":",
            "a",
            ".weight",
            "_scale");

    private static final int SEEDS = 8;

    @TempDir
    private static Path folder;

    private static ExportPlan plain;
    private static List<ExportPlan> hostile;

    @BeforeAll
    static void open() throws IOException {
        plain = plan(UnaryOperator.identity(), "model");
        hostile = new ArrayList<>();
        for (int seed = 0; seed < SEEDS; seed++) {
            hostile.add(plan(names(seed), fileName(seed)));
        }
    }

    static Stream<String> textFormats() {
        return Exporters.all().stream().map(Exporter::id).filter(id -> !BINARY.contains(id));
    }

    private static List<Path> exported(String format, ExportPlan plan) throws IOException {
        Path out = Files.createTempDirectory(folder, "out").resolve("out");
        return Exporters.export(Exporters.byId(format), plan, out, NEVER);
    }

    private static ExportPlan plan(UnaryOperator<String> named, String file) throws IOException {
        Model model = TinyPlan.model(folder, named, file);
        SessionState state = TinyPlan.state(model)
                .withCalibrationData(TinyPlan.state(model)
                        .calibrationData()
                        .map(ref -> new FileRef(
                                ref.path().resolveSibling(file + ".npz"),
                                ref.sha256(),
                                ref.preprocessing(),
                                ref.samples())))
                .withKeptFloat(Set.of(new TensorId(named.apply("fc.weight"))))
                .withOverrides(TinyPlan.state(model).overrides().entrySet().stream()
                        .collect(Collectors.toMap(
                                e -> new TensorId(named.apply(e.getKey().name())), Map.Entry::getValue)));
        return TinyPlan.of(
                model,
                state,
                TinyPlan.RANGES.entrySet().stream()
                        .collect(Collectors.toMap(
                                e -> new TensorId(named.apply(e.getKey().name())), Map.Entry::getValue)));
    }

    /** Each name of the tiny model with something hostile behind it. */
    private static UnaryOperator<String> names(int seed) {
        return name -> name
                + new Random(31L * seed + name.hashCode())
                        .ints(seed % 4 + 1, 0, PIECES.size())
                        .mapToObj(PIECES::get)
                        .collect(Collectors.joining());
    }

    private static String fileName(int seed) {
        return names(seed).apply("model").replaceAll("[/\u0000]|[^\\x00-\\x7f]", "_");
    }

    @ParameterizedTest
    @MethodSource("textFormats")
    void anExportedTextHasTheSameShapeWhateverTheNamesAre(String format) throws IOException {
        List<Path> wanted = exported(format, plain);
        for (int seed = 0; seed < SEEDS; seed++) {
            List<Path> is = exported(format, hostile.get(seed));

            assertThat(is).hasSameSizeAs(wanted);
            for (int i = 0; i < wanted.size(); i++) {
                if (!wanted.get(i).toString().endsWith(".flatbuffers")) {
                    same(format, Files.readString(wanted.get(i)), Files.readString(is.get(i)), names(seed));
                }
            }
        }
    }

    private void same(String format, String plain, String hostile, UnaryOperator<String> named) throws IOException {
        if (plain.startsWith("{") || plain.startsWith("[")) {
            assertThat(json(hostile)).isEqualTo(json(plain));
        } else if (plain.contains("import ")) {
            SourceTokens is = SourceTokens.python(hostile);
            SourceTokens wanted = SourceTokens.python(plain);
            assertThat(is.shape()).isEqualTo(wanted.shape());
            for (int i = 0; i < wanted.literals().size(); i++) {
                String literal = wanted.literals().get(i);
                if (literal.matches("Gemm1|(conv|fc)\\.(weight|bias)|[xrcfy]")) {
                    assertThat(is.literals().get(i)).isEqualTo(named.apply(literal));
                }
            }
        } else if (format.equals("c-header")) {
            List<String> is = SourceTokens.c(hostile).shape();
            List<String> wanted = SourceTokens.c(plain).shape();
            assertThat(identifiersAside(is)).isEqualTo(identifiersAside(wanted));
            assertThat(declared(is)).doesNotHaveDuplicates();
        } else {
            Set<String> patterns = Set.of(
                    "TRT-\\d+-\\w+",
                    "[^\\n]+: [0-9a-f]{8}",
                    "[^ ]+ [-+.\\dE]+",
                    "\\^[^= ]+\\$=\\w+",
                    "--.*",
                    "#.*",
                    "\\w.*");
            assertThat(hostile.lines())
                    .allMatch(line -> patterns.stream().anyMatch(line::matches))
                    .hasSizeLessThanOrEqualTo((int) plain.lines().count());
        }
    }

    /** The values of a JSON text by their kinds; names and strings left out. */
    private List<String> json(String text) throws IOException {
        List<String> shape = new ArrayList<>();
        StrictJson.read(folder, text.getBytes(StandardCharsets.UTF_8), json -> {
            shape(json, shape);
            return true;
        });
        return shape;
    }

    private static void shape(StrictJson json, List<String> shape) {
        if (json.isObject()) {
            List<List<String>> members = new ArrayList<>();
            json.object(name -> {
                List<String> member = new ArrayList<>();
                shape(json, member);
                members.add(member);
            });
            // Members may be sorted by their names.
            shape.add(new TreeSet<>(members.stream().map(Object::toString).toList()).toString() + members.size());
        } else if (json.isArray()) {
            shape.add("[");
            json.array(() -> shape(json, shape));
            shape.add("]");
        } else {
            shape.add(json.isString() ? "\"\"" : json.isNumber() ? json.number() : "literal");
            json.skip();
        }
    }

    private static List<String> identifiersAside(List<String> tokens) {
        return tokens.stream()
                .map(t -> t.matches("(model|QUANTSCOPE_).*") ? "name" : t)
                .toList();
    }

    private static List<String> declared(List<String> tokens) {
        return IntStream.range(1, tokens.size())
                .filter(i -> Set.of("int8_t", "int32_t", "float").contains(tokens.get(i - 1)))
                .mapToObj(tokens::get)
                .toList();
    }

    @Test
    void identifiersOfAHeaderDifferAndAreNoWordsOfTheLanguage() throws IOException {
        // The scales of the first are called like the second; file and tensor together make a type of C.
        Map<String, String> clash = Map.of("conv.weight", "w", "fc.weight", "w_scale", "x", "t", "r", "w-scale");
        Path header = exported("c-header", plan(name -> clash.getOrDefault(name, name), "int8.onnx"))
                .getFirst();

        List<String> names = declared(SourceTokens.c(Files.readString(header)).shape());
        assertThat(names).doesNotHaveDuplicates().doesNotContain("int8_t").contains("int8_w", "int8_w_scale_2_scale");
    }

    @Test
    void aCommentOfCIsNotEndedByAName() throws IOException {
        String text =
                Files.readString(exported("c-header", plan(name -> name + "*\\ int evil = 1; /\\*", "model*\\ int x;"))
                        .getFirst());

        assertThat(SourceTokens.c(text).shape()).noneMatch(t -> t.equals("evil") || t.equals("x"));
    }

    @Test
    void aTemplateIsFilledOnceAndWhole() {
        assertThat(Template.fill("a @X@ b @Y@", Map.of("X", "@Y@ $1 \\", "Y", "@X@")))
                .isEqualTo("a @Y@ $1 \\ b @X@");
    }
}
