package org.quantscope.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import javafx.application.Platform;
import org.junit.jupiter.api.Test;
import org.quantscope.testkit.ArchitectureRules;

class AppArchitectureTest {
    private static final JavaClasses PRODUCTION = ArchitectureRules.production();

    @Test
    void onlyTheFxPackageNamesThePlatform() {
        noClasses()
                .that()
                .resideInAPackage("org.quantscope..")
                .and()
                .resideOutsideOfPackage("org.quantscope.app.fx..")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Platform.class)
                .because("everything else is handed an executor, so that it runs without a toolkit in tests")
                .check(PRODUCTION);
    }

    @Test
    void viewModelsKnowNoScene() {
        noClasses()
                .that()
                .resideInAPackage("org.quantscope.app.workbench..")
                .or()
                .haveSimpleNameEndingWith("ViewModel")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("javafx.scene..", "javafx.stage..", "org.jfree..")
                .because("what the window says is decided, and tested, without a window")
                .check(PRODUCTION);
    }
}
