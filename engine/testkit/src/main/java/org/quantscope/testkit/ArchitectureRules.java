package org.quantscope.testkit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;

/** The rules that hold the house up, each with its reason. Every module's architecture test checks those that concern it. */
public final class ArchitectureRules {
    private ArchitectureRules() {}

    /** Everything of ours on the class path but the tests. */
    public static JavaClasses production() {
        return new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("org.quantscope");
    }

    public static List<ArchRule> engine() {
        return List.of(
                noClasses()
                        .that()
                        .resideInAPackage("org.quantscope.core..")
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
                                "org.nd4j..",
                                "org.quantscope.app..",
                                "org.quantscope.cli..")
                        .because("the engine runs without a display; the command line is the standing proof"),
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
                        .because("pixels and readers of picture files need no display, all else of AWT may"),
                noClasses()
                        .that()
                        .resideInAPackage("org.quantscope..")
                        .and()
                        .resideOutsideOfPackages("org.quantscope.core.onnx..", "org.quantscope.testkit..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("ai.onnx.proto..", "com.google.protobuf..")
                        .because("the protobuf classes enter behind one package, so that they can be replaced in one"
                                + " place"),
                noClasses()
                        .that()
                        .resideInAPackage("org.quantscope..")
                        .and()
                        .resideOutsideOfPackages("org.quantscope.core.ort..", "org.quantscope.testkit..")
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
                        .because("the program starts and works where ND4J cannot load: the core finds corrections by"
                                + " ServiceLoader, nobody names them"),
                noClasses()
                        .that()
                        .resideInAPackage("org.quantscope..")
                        .should()
                        .haveNameMatching(".*(Util|Utils|Manager|Helper)")
                        .because("a name says what a thing is, not that it helps"));
    }
}
