package org.quantscope.core.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.io.ShellWords;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.SchemeTraits;
import org.quantscope.core.tensor.TensorId;

/** Commands that give the figures of a report again, quoted for a POSIX shell. */
final class ShellCommands {
    private final ReportInput of;

    ShellCommands(ReportInput of) {
        this.of = of;
    }

    String eval() {
        List<String> words = words("eval");
        config(words);
        data(words, true);
        words.add("--json");
        return ShellWords.line(words);
    }

    /** The command that scores a snapshot, beside the settings in hand, on the data that its score rests on. */
    String evalOf(String snapshot) {
        List<String> words = words("eval");
        config(words);
        of.session().state().evaluationData().ifPresent(data -> {
            words.addAll(List.of("--data", data.path().toString()));
            data.samples().ifPresent(n -> words.addAll(List.of("--limit", Integer.toString(n))));
        });
        words.addAll(List.of("--against-snapshot", snapshot, "--json"));
        return ShellWords.line(words);
    }

    String device() {
        List<String> words = words("device");
        config(words);
        data(words, false);
        words.add("--json");
        return ShellWords.line(words);
    }

    String report(String extension) {
        List<String> words = words("report");
        config(words);
        data(words, true);
        words.addAll(List.of("-o", "report." + extension));
        return ShellWords.line(words);
    }

    /** The command that measures one tensor; empty if options cannot say how it is quantized. */
    Optional<String> error(TensorId tensor, QuantSpec spec) {
        List<String> words = words("error");
        words.addAll(List.of("--tensor", tensor.name()));
        SchemeTraits traits = spec.quantizer().traits();
        words.addAll(List.of("--scheme", spec.scheme()));
        if (traits.minBits() != traits.maxBits()) {
            words.addAll(List.of("--bits", Integer.toString(spec.bits())));
        }
        if (traits.choosesSymmetric()) {
            words.add(spec.symmetric() ? "--symmetric" : "--asymmetric");
        }
        if (traits.choosesSigned()) {
            words.add(spec.signed() ? "--signed" : "--unsigned");
        }
        if (traits.choosesRestrictedRange() && spec.symmetric() && !spec.restrictedRange()) {
            words.add("--full-range");
        }
        words.addAll(List.of("--granularity", spec.granularity().toString()));
        switch (spec.clip()) {
            case Clip.Auto auto -> {
                Calibrator calibrator = Calibrators.byId(auto.calibratorId());
                if (calibrator.needsImportance() || calibrator.needsMoments()) {
                    return Optional.empty();
                }
                words.addAll(List.of(
                        "--calibrator",
                        auto.calibratorId()
                                + (auto.options().isEmpty()
                                        ? ""
                                        : auto.options().entrySet().stream()
                                                .map(e -> e.getKey() + '=' + e.getValue())
                                                .collect(Collectors.joining(",", ":", "")))));
            }
            case Clip.Manual(var range) -> words.addAll(List.of("--clip", range.lo() + "," + range.hi()));
            case Clip.ManualPerChannel _, Clip.ManualPerBlock _, Clip.Fixed _, Clip.Dynamic _ -> {
                return Optional.empty();
            }
        }
        if (!of.session().state().foldBatchNorm()) {
            words.add("--no-fold-bn");
        }
        words.add("--json");
        boolean asStored = spec.isNearest()
                && spec.options().isEmpty()
                && of.session().state().corrections().isEmpty();
        return asStored ? Optional.of(ShellWords.line(words)) : Optional.empty();
    }

    private List<String> words(String command) {
        return new ArrayList<>(List.of(
                "quantscope", command, of.model().file().toAbsolutePath().toString()));
    }

    private void config(List<String> words) {
        words.addAll(List.of(
                "--config",
                of.config().map(Path::toAbsolutePath).map(Path::toString).orElse("settings.json")));
    }

    private void data(List<String> words, boolean limited) {
        of.data()
                .ifPresent(data -> words.addAll(
                        List.of("--data", data.samples().file().toAbsolutePath().toString())));
        if (limited && of.data().isPresent()) {
            of.limit().ifPresent(n -> words.addAll(List.of("--limit", Integer.toString(n))));
        }
    }
}
