package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.improve.EqualizationOffer;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.CodeNotes;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.sweep.EvalFields;
import org.quantscope.core.tensor.NearNames;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What all commands share: where they print, how they are cancelled, and {@code --json}. */
@Command(mixinStandardHelpOptions = true, versionProvider = QuantscopeCommand.Version.class)
abstract class EngineCommand implements Callable<Integer> {
    private static final int NEAR = 10;

    private final Terminal terminal;
    private final CancelToken cancel;

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Print one JSON value and nothing else.")
    private boolean json;

    EngineCommand(Terminal terminal, CancelToken cancel) {
        this.terminal = terminal;
        this.cancel = cancel;
    }

    /** @return the exit code */
    @Override
    public abstract Integer call() throws IOException;

    final Terminal terminal() {
        return terminal;
    }

    final CancelToken cancel() {
        return cancel;
    }

    /** True if {@code --json} was given. */
    final boolean json() {
        return json;
    }

    /** Prints the result as JSON if {@code --json} was given; else runs {@code forPeople}. */
    final void print(Json result, Runnable forPeople) {
        cancel.check();
        if (json) {
            result.writeTo(terminal.out());
            terminal.out().println();
        } else {
            forPeople.run();
        }
        terminal.out().flush();
    }

    final void print(List<Json> result, Runnable forPeople) {
        cancel.check();
        if (json) {
            terminal.out().println(Json.text(result));
        } else {
            forPeople.run();
        }
        terminal.out().flush();
    }

    /**
     * Returns what {@code made} gives. An {@link IllegalArgumentException} that it throws becomes a complaint about
     * usage.
     */
    final <T> T checked(Supplier<T> made) {
        try {
            return made.get();
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    /** The tensor called {@code name}; without a name the only tensor of the model. */
    final Tensor choose(Model model, Path file, @Nullable String name) {
        List<String> names = model.tensors().stream().map(t -> t.id().name()).toList();
        if (name == null) {
            if (names.size() == 1) {
                return model.tensors().getFirst();
            }
            List<String> first = names.stream().limit(NEAR).toList();
            throw usage("--tensor is needed: " + file.getFileName() + " holds " + names.size() + " tensors"
                    + (names.isEmpty() ? "" : ", such as " + String.join(", ", first)));
        }
        return (name.isEmpty() ? Optional.<Tensor>empty() : model.find(new TensorId(name)))
                .orElseThrow(() -> usage("--tensor: " + file.getFileName() + " has no tensor \"" + name
                        + "\"; near names: " + String.join(", ", NearNames.of(name, names, NEAR))));
    }

    /**
     * The model with the codes of its weights' rounding: those of a config as far as they hold, else chosen now.
     *
     * @param known the codes in a config
     * @param data the calibration data that the state names; empty if none was given
     */
    final SolvedModel solved(
            Model model,
            SessionState state,
            ResolvedSettings resolved,
            Map<TensorId, SolvedWeight> known,
            Optional<Dataset> data) {
        SolvedModel held = SolvedModel.of(model, state, resolved, known);
        SolvedModel solved = held;
        if (!held.open().isEmpty()) {
            TensorId open = held.open().iterator().next();
            String rounding = resolved.find(open).orElseThrow().spec().rounding();
            Dataset samples = data.orElseThrow(() -> usage("--rounding " + rounding + " needs calibration data"
                    + (!known.containsKey(open)
                            ? ""
                            : ": the codes of " + open + " in the config were made from other settings; calibrate"
                                    + " again")));
            try (Terminal.Bar bar = terminal.progress("round")) {
                solved = RoundingPass.run(model, state, resolved, known, samples, bar, cancel)
                        .solved();
            }
        }
        return solved;
    }

    /** Warns of the weights that their rounding leaves at their nearest levels. */
    final void warnOfKept(SolvedModel solved) {
        solved.kept().forEach((id, why) -> terminal.warn(id + " is rounded to nearest: " + why));
    }

    /** Warns of all tensors that a choice of codes has passed by. */
    final void warnOfPassedBy(Model model, SessionState state, SolvedModel solved) {
        if (state.choosesCodes()) {
            CodeNotes.passedBy(model, solved.settings(), solved.solved())
                    .forEach(note -> terminal.warn(note.substring(0, note.length() - 1)));
        }
    }

    /**
     * A calibration with what layers read, if a weight's calibrator needs it.
     *
     * @param data what it rests on; if it is empty the data that the settings record is opened again, provided that it
     *     has not changed
     */
    final Calibration withMoments(Calibration known, Model model, SessionState state, Optional<Dataset> data)
            throws IOException {
        if (!state.needsMoments()) {
            return known;
        }
        FileRef recorded = state.calibrationData().orElse(null);
        if (data.isEmpty() && recorded == null) {
            throw usage(
                    "--calibrator output-mse needs calibration data: it goes by the error at the output of a layer");
        }
        Dataset samples = data.isPresent() || recorded == null
                ? data.orElseThrow()
                : recorded.openUnchanged("calibration_data", cancel);
        try (Terminal.Bar bar = terminal.progress("inputs of layers")) {
            return MomentsPass.complete(known, model, state, samples, bar, cancel);
        }
    }

    /** Says so if the model should be equalized before codes are chosen. */
    final Optional<String> equalizeFirst(Model model, SessionState state) {
        try (Terminal.Bar bar = terminal.progress("channels")) {
            return EqualizationOffer.of(model, state, bar, cancel).map(EvalFields::offer);
        }
    }

    /** Data without some of its samples, each from 0. */
    final Dataset leavingOut(Dataset data, List<Integer> samples) {
        for (int sample : samples) {
            if (sample < 0 || sample >= data.size()) {
                throw usage("--leave-out: sample " + sample + " is none of the " + data.size() + " of "
                        + data.file().getFileName());
            }
        }
        SortedSet<Integer> left = new TreeSet<>(samples);
        if (left.size() == data.size()) {
            throw usage("--leave-out: no sample is left of " + data.file().getFileName());
        }
        return SampleSubset.dropping(data, left);
    }

    static Dataset withLimit(Dataset data, @Nullable Integer limit) {
        return limit == null ? data : data.limit(limit);
    }

    /** An exception that reports a wrong use of the command. */
    final ParameterException usage(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }
}
