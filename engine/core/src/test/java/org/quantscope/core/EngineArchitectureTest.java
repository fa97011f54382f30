package org.quantscope.core;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.testkit.ArchitectureRules;

class EngineArchitectureTest {
    private static final JavaClasses PRODUCTION = ArchitectureRules.production("org.quantscope");

    @ParameterizedTest
    @MethodSource({
        "org.quantscope.testkit.ArchitectureRules#core",
        "org.quantscope.testkit.ArchitectureRules#everywhere"
    })
    void ruleHolds(ArchRule rule) {
        rule.check(PRODUCTION);
    }

    @Test
    void rulesLookAtTheEngine() {
        assertThat(PRODUCTION.contain("org.quantscope.core.model.Model")).isTrue();
    }
}
