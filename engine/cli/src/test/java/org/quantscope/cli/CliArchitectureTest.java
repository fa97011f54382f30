package org.quantscope.cli;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.testkit.ArchitectureRules;

class CliArchitectureTest {
    private static final JavaClasses PRODUCTION = ArchitectureRules.production("org.quantscope.cli");

    @ParameterizedTest
    @MethodSource("org.quantscope.testkit.ArchitectureRules#everywhere")
    void ruleHolds(ArchRule rule) {
        rule.check(PRODUCTION);
    }
}
