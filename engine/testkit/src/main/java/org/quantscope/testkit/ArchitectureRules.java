package org.quantscope.testkit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The rules of the architecture, each with its reason. The architecture test of each module checks {@link #everywhere}
 * on its own classes, and beside it the rules that concern it alone.
 */
public final class ArchitectureRules {
    private ArchitectureRules() {}

    /**
     * The production classes of this project on the class path, without its tests. Classes of others are known by name
     * only, which is all that the rules ask of them; reading them takes longer than all rules.
     *
     * @param root the package in which and below which they are
     * @throws IllegalArgumentException if there is none: a rule would hold of nothing
     */
    public static JavaClasses production(String root) {
        ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
        JavaClasses classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(root);
        if (classes.isEmpty()) {
            throw new IllegalArgumentException("root: no class below " + root + " is on the class path");
        }
        return classes;
    }

    /** The packages directly below {@code root}, each with all below it, need each other in no cycle. */
    public static ArchRule noCycles(String root) {
        return slices().matching(root + ".(*)..")
                .should()
                .beFreeOfCycles()
                .because("packages that need each other are one package: none of them can be read, tested or changed"
                        + " alone");
    }

    /** The rules of the core alone. */
    public static List<ArchRule> core() {
        return List.of(
                noCycles("org.quantscope.core"),
                layers(),
                classes()
                        .that()
                        .resideInAPackage("org.quantscope.core.picture..")
                        .should()
                        .onlyDependOnClassesThat()
                        .resideInAnyPackage(
                                "java.lang..",
                                "java.io..",
                                "java.nio..",
                                "java.util..",
                                "javax.imageio..",
                                "java.awt.image..",
                                "org.quantscope.core..",
                                "org.jspecify..")
                        .because("pixels and readers of picture files need no display, all else of AWT may"));
    }

    /** The rules of all modules. Each of them holds of a module, too, none of whose classes it is about. */
    public static List<ArchRule> everywhere() {
        return Stream.of(
                        noClasses()
                                .that()
                                .resideInAnyPackage(
                                        "org.quantscope.core..", "org.quantscope.linalg..", "org.quantscope.cli..")
                                .and()
                                .resideOutsideOfPackage("org.quantscope.core.picture..")
                                .should()
                                .dependOnClassesThat()
                                .resideInAnyPackage(
                                        "javafx..",
                                        "java.awt..",
                                        "javax.imageio..",
                                        "javax.swing..",
                                        "org.jfree..",
                                        "org.quantscope.app..")
                                .because("the engine runs without a display; the command line is the standing proof"),
                        noClasses()
                                .that()
                                .resideInAPackage("org.quantscope..")
                                .and()
                                .resideOutsideOfPackage("org.quantscope.cli..")
                                .should()
                                .dependOnClassesThat()
                                .resideInAnyPackage("picocli..", "org.quantscope.cli..")
                                .because("what both front ends need is decided in the core, and neither knows the"
                                        + " other"),
                        noClasses()
                                .that()
                                .resideInAPackage("org.quantscope..")
                                .and()
                                .resideOutsideOfPackages(
                                        "org.quantscope.core.onnx..",
                                        "org.quantscope.core.convert..",
                                        "org.quantscope.core.rewrite..",
                                        "org.quantscope.bench..",
                                        "org.quantscope.testkit..")
                                .should()
                                .dependOnClassesThat()
                                .resideInAnyPackage("ai.onnx.proto..", "com.google.protobuf..")
                                .because("the protobuf classes stay in the packages that read, make and rewrite such"
                                        + " graphs, so that they can be replaced"),
                        noClasses()
                                .that()
                                .resideInAPackage("org.quantscope..")
                                .and()
                                .resideOutsideOfPackages(
                                        "org.quantscope.core.ort..",
                                        "org.quantscope.bench..",
                                        "org.quantscope.testkit..")
                                .should()
                                .dependOnClassesThat()
                                .resideInAPackage("ai.onnxruntime..")
                                .because("native sessions have one owner: only core.ort opens, leases and closes them"),
                        noClasses()
                                .that()
                                .resideInAPackage("org.quantscope..")
                                .and()
                                .resideOutsideOfPackages("org.quantscope.linalg..", "org.quantscope.bench..")
                                .should()
                                .dependOnClassesThat()
                                .resideInAnyPackage("org.nd4j..", "org.bytedeco..", "org.quantscope.linalg..")
                                .because("the program starts and works where ND4J cannot load: the core finds"
                                        + " corrections by ServiceLoader, nobody names them"),
                        noClasses()
                                .that()
                                .resideInAPackage("org.quantscope..")
                                .should()
                                .haveNameMatching(".*(Util|Utils|Manager|Helper)")
                                .because("a name says what a thing is, not that it helps"))
                .map(rule -> rule.allowEmptyShould(true))
                .toList();
    }

    /**
     * Each package of the core belongs to a layer. It may use the layers below, and packages of its own layer as long
     * as no cycle results.
     */
    private static ArchRule layers() {
        Map<String, List<String>> layers = new LinkedHashMap<>();
        layers.put("foundation", List.of("io", "job", "json", "tensor", "glossary", "plot"));
        layers.put("numbers", List.of("quant", "kernel", "sketch", "metric", "rounding"));
        layers.put(
                "formats",
                List.of(
                        "npy",
                        "safetensors",
                        "gguf",
                        "torch",
                        "hdf5",
                        "keras",
                        "tflite",
                        "onnx",
                        "convert",
                        "picture",
                        "corruption",
                        "synthetic"));
        layers.put("opened files", List.of("model", "loader", "dataset"));
        layers.put("tools", List.of("rewrite", "ort", "calib", "integer"));
        layers.put("work", List.of("eval", "session"));
        layers.put(
                "results",
                List.of(
                        "correction",
                        "layerwise",
                        "sensitivity",
                        "robustness",
                        "adaptive",
                        "export",
                        "importer",
                        "device",
                        "datacheck",
                        "verify",
                        "departure",
                        "versus",
                        "proof",
                        "budget",
                        "improve",
                        "figure",
                        "lesson",
                        "sweep",
                        "report"));
        LayeredArchitecture rule = layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .ensureAllClassesAreContainedInArchitectureIgnoring(
                        "org.quantscope.app..",
                        "org.quantscope.bench..",
                        "org.quantscope.cli..",
                        "org.quantscope.linalg..",
                        "org.quantscope.spark..",
                        "org.quantscope.testkit..");
        List<String> below = new ArrayList<>();
        for (Map.Entry<String, List<String>> layer : layers.entrySet()) {
            rule = rule.layer(layer.getKey())
                    .definedBy(layer.getValue().stream()
                            .map(name -> "org.quantscope.core." + name + "..")
                            .toArray(String[]::new));
            rule = below.isEmpty()
                    ? rule.whereLayer(layer.getKey()).mayNotAccessAnyLayer()
                    : rule.whereLayer(layer.getKey()).mayOnlyAccessLayers(below.toArray(String[]::new));
            below.add(layer.getKey());
        }
        return rule.layer("engine")
                .definedBy("org.quantscope.core")
                .whereLayer("engine")
                .mayNotBeAccessedByAnyLayer()
                .because("who reads upwards through the core never meets a thing that is explained further up");
    }
}
