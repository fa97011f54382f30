package org.quantscope.cli;

import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.dataset.Preprocessing;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that make samples worse: of the data to evaluate on and of calibration data, apart. */
final class Corrupting {
    private Corrupting() {}

    /** The option of the data to evaluate on, or of other data. */
    static final class Data {
        @Spec(Spec.Target.MIXEE)
        private @Nullable CommandSpec command;

        private Optional<Corrupted> chosen = Optional.empty();

        @Option(
                names = "--corrupt",
                paramLabel = "ID:SEVERITY",
                description = "Corrupt the samples of --data, such as noise:3; severities go from 0 to 5"
                        + " (list corruptions).")
        void choose(String text) {
            chosen = parsed("--corrupt", text, command);
        }

        /** The preprocessing with the corruption of the option, if it is given. */
        Preprocessing of(Preprocessing how) {
            return chosen.isPresent() ? how.withCorruption(chosen) : how;
        }

        boolean given() {
            return chosen.isPresent();
        }

        /** The corruption that it names, if it is given. */
        Set<String> ids() {
            return chosen.map(Corrupted::id).map(Set::of).orElse(Set.of());
        }
    }

    /** The option of calibration data. */
    static final class Calibration {
        @Spec(Spec.Target.MIXEE)
        private @Nullable CommandSpec command;

        private Optional<Corrupted> chosen = Optional.empty();

        @Option(
                names = "--corrupt-calibration",
                paramLabel = "ID:SEVERITY",
                description = "Corrupt the samples of the calibration data, such as noise:3.")
        void choose(String text) {
            chosen = parsed("--corrupt-calibration", text, command);
        }

        /** The preprocessing with the corruption of the option, if it is given. */
        Preprocessing of(Preprocessing how) {
            return chosen.isPresent() ? how.withCorruption(chosen) : how;
        }

        boolean given() {
            return chosen.isPresent();
        }
    }

    private static Optional<Corrupted> parsed(String option, String text, @Nullable CommandSpec command) {
        try {
            return Optional.of(Corrupted.parse(text));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    Objects.requireNonNull(command).commandLine(),
                    option + ": " + String.valueOf(e.getMessage()).replaceFirst("^corruption: ", ""),
                    e);
        }
    }
}
