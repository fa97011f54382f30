package org.quantscope.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.lang.ArchRule;
import javafx.application.Platform;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.app.selected.CodeUse;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Activations;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.FxThread;
import org.quantscope.testkit.ArchitectureRules;

class AppArchitectureTest {
    private static final JavaClasses PRODUCTION = ArchitectureRules.production("org.quantscope.app");

    @ParameterizedTest
    @MethodSource("org.quantscope.testkit.ArchitectureRules#everywhere")
    void ruleHolds(ArchRule rule) {
        rule.check(PRODUCTION);
    }

    @Test
    void noTwoPackagesNeedEachOther() {
        ArchitectureRules.noCycles("org.quantscope.app").check(PRODUCTION);
    }

    @Test
    void onlyWhatOpensTheWindowKnowsHowAllIsConnected() {
        noClasses()
                .that()
                .resideInAPackage("org.quantscope.app.(*)..")
                .and()
                .resideOutsideOfPackages("org.quantscope.app.window..", "org.quantscope.app.screenshot..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.quantscope.app")
                .because("a view-model that is handed the whole context needs every package")
                .check(PRODUCTION);
    }

    @Test
    void onlyFxThreadNamesThePlatform() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName(FxThread.class.getName())
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
                .haveSimpleNameEndingWith("ViewModel")
                .or()
                .belongToAnyOf(
                        Workbench.class, Measurements.class, Activations.class, SelectedTensor.class, CodeUse.class)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("javafx.scene..", "javafx.stage..", "org.jfree..")
                .because("what the window says is decided, and tested, without a window")
                .check(PRODUCTION);
    }
}
