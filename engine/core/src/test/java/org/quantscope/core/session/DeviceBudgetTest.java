package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.io.BadInputException;

class DeviceBudgetTest {
    @TempDir
    private Path folder;

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("budget.json"), text);
    }

    private static DeviceBudget.Found found(double flash, OptionalDouble ms, double accuracy) {
        return new DeviceBudget.Found(
                DeviceBudget.Figure.of(flash),
                DeviceBudget.Figure.of(10),
                DeviceBudget.Figure.of(1e6),
                ms.isPresent() ? DeviceBudget.Figure.of(ms.getAsDouble()) : DeviceBudget.Figure.unknown("not measured"),
                DeviceBudget.Figure.of(accuracy),
                DeviceBudget.Figure.unknown("no classes"));
    }

    @Test
    void eachStatedLimitIsChecked() throws IOException {
        DeviceBudget budget = DeviceBudget.read(
                file("{\"flash_bytes\": 1000, \"accuracy\": 0.9, \"ms\": 1.5, \"class_accuracy\": 0.1}"));

        assertThat(budget.check(found(1000, OptionalDouble.of(1.5), 0.9)))
                .extracting(DeviceBudget.Check::what, DeviceBudget.Check::ok)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("flash_bytes", true),
                        org.assertj.core.groups.Tuple.tuple("ms", true),
                        org.assertj.core.groups.Tuple.tuple("accuracy", true),
                        org.assertj.core.groups.Tuple.tuple("class_accuracy", false));
        assertThat(budget.check(found(1001, OptionalDouble.empty(), 0.8999)))
                .extracting(DeviceBudget.Check::ok)
                .containsExactly(false, false, false, false);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}|states no limit",
                "{\"flash_bytes\": -1}|flash_bytes",
                "{\"accuracy\": 1.5}|accuracy: must be from 0 to 1, got 1.5",
                "{\"class_accuracy\": \"0.5\"}|class_accuracy",
                "{\"flash\": 5}|flash",
                "{\"macs\": 1e999}|macs",
                "[]|object"
            })
    void whatIsNoBudgetIsRefusedByName(String text, String named) throws IOException {
        Path file = file(text);
        assertThatThrownBy(() -> DeviceBudget.read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("budget.json")
                .hasMessageContaining(named);
    }
}
