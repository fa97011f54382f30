package org.quantscope.core.verify;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporter.Field;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.export.QuantscopeJsonExporter;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.metric.NonFiniteWeights;
import org.quantscope.core.rewrite.EarlierValues;
import org.quantscope.core.rewrite.WrittenModel;
import org.quantscope.core.session.Choice;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.tensor.TensorId;

/** Checks an exported file, by the strongest means that its format allows. */
public final class Verifier {
    private static final long MAX_JSON_BYTES = 1L << 30;
    private static final long MAX_JSON_TOKENS = 1L << 28;

    private static final String AS_WRITTEN =
            "load the file with the session option session.disable_quant_qdq=1, or choose another width or granularity";

    private static final String EXACT_SUMS =
            "on such processors load the file with the session option session.x64quantprecision=1, or give weights 7"
                    + " bits";

    private Verifier() {}

    /** True if files of a format are verified by running them, which needs data. */
    public static boolean runs(Exporter exporter) {
        return exporter.extension().equals(".onnx");
    }

    /**
     * Exported files, in their final place.
     *
     * @param files the target comes first
     * @param problems what the format does not take, and what running the file has shown
     * @param verified empty if the format is verified by running it and there is no data
     */
    public record Exported(List<Path> files, List<ExportProblem> problems, Optional<Verification> verified) {
        public Exported {
            files = List.copyOf(files);
            problems = List.copyOf(problems);
        }
    }

    /**
     * Writes, verifies, and then moves the files into place. If the check fails, nothing is moved, and existing files
     * stay.
     *
     * @throws org.quantscope.core.io.BadInputException as {@link #verify}, or if the plan cannot be written in this
     *     format
     * @throws IllegalStateException if the file does not read back as what was written
     * @throws java.util.concurrent.CancellationException if cancelled; nothing is in place then
     */
    public static Exported export(
            Exporter exporter,
            ExportPlan plan,
            Path target,
            Optional<Dataset> data,
            Progress progress,
            CancelToken cancel)
            throws IOException {
        AtomicReference<Optional<Verification>> verified = new AtomicReference<>(Optional.empty());
        Optional<EarlierValues> before =
                exporter.parts().contains(WrittenModel.VALUES) ? EarlierValues.beside(target) : Optional.empty();
        List<Path> files = Exporters.export(
                exporter,
                plan,
                target,
                (placed, written) -> verified.set(verify(exporter, placed, written, data, progress, cancel)),
                cancel);
        List<ExportProblem> problems = new ArrayList<>(Exporters.problems(exporter, plan));
        problems.addAll(nonFinite(exporter, plan, cancel));
        verified.get().ifPresent(v -> problems.addAll(problems(exporter, v)));
        if (before.isPresent()) {
            before.get()
                    .settle(files)
                    .ifPresent(why -> problems.add(new ExportProblem(
                            exporter.id(), "", why, "nothing has to be done", ExportProblem.Severity.WARNING)));
        }
        return new Exported(files, problems, verified.get());
    }

    /** A warning if weights of the model are no numbers. */
    public static List<ExportProblem> nonFinite(Exporter exporter, ExportPlan plan, CancelToken cancel) {
        return NonFiniteWeights.sentence(NonFiniteWeights.in(plan.model().tensors(), cancel)).stream()
                .map(why -> new ExportProblem(
                        exporter.id(), "", why, "export a model that is whole", ExportProblem.Severity.WARNING))
                .toList();
    }

    /**
     * What a person has to know before using a file that was verified with this result; empty if it does what was
     * evaluated. A file that lacks tensors is listed too, with what follows from that or with what else is different.
     */
    public static List<ExportProblem> problems(Exporter exporter, Verification verified) {
        if (!(verified instanceof Verification.Ran ran)) {
            return List.of();
        }
        List<ExportProblem> found = new ArrayList<>();
        String runtime = "ONNX Runtime " + ran.version();
        Verification.Run written = ran.asWritten();
        if (!written.agrees()) {
            found.add(
                    written.computesWhatItHolds()
                            ? differs(
                                    exporter,
                                    ran,
                                    written,
                                    false,
                                    "without the tensors that it leaves out, the file",
                                    "solve the problems of these tensors")
                            : differs(
                                    exporter,
                                    ran,
                                    written,
                                    true,
                                    "computed node by node, the file",
                                    "choose other settings"));
        }
        switch (ran.asRun()) {
            case Verification.Refused(String why) ->
                found.add(new ExportProblem(
                        exporter.id(),
                        "",
                        runtime + " does not run the file with the default options of a session: " + why,
                        AS_WRITTEN,
                        ExportProblem.Severity.ERROR));
            case Verification.Run run -> {
                if (ran.saturates()) {
                    found.add(saturates(exporter, ran, run));
                } else if (!run.computesWhatItHolds() && written.computesWhatItHolds()) {
                    found.add(differs(
                            exporter,
                            ran,
                            run,
                            true,
                            "with the default options of a session, " + runtime
                                    + " replaces nodes by kernels that round otherwise; the file",
                            AS_WRITTEN));
                }
            }
        }
        return found;
    }

    private static ExportProblem saturates(Exporter exporter, Verification.Ran ran, Verification.Run run) {
        ExportProblem what = differs(
                exporter,
                ran,
                run,
                true,
                "this processor has no VNNI, so with the default options of a session the kernels of ONNX Runtime "
                        + ran.version()
                        + " add products of u8 by s8 in pairs of 16 bits, which saturate: here the file",
                EXACT_SUMS);
        return new ExportProblem(
                what.target(),
                what.tensor(),
                what.why() + "; with exact sums it computes what was evaluated",
                what.remedy(),
                ExportProblem.Severity.WARNING);
    }

    /**
     * A problem that names what departs: the scored output, otherwise the furthest of the others, and how many more.
     *
     * @param held true to compare with the evaluation of the tensors that the file holds
     */
    private static ExportProblem differs(
            Exporter exporter, Verification.Ran ran, Verification.Run run, boolean held, String who, String remedy) {
        Verification.Gap scored = held ? run.held() : run.live();
        List<Verification.Other> departing = new ArrayList<>(run.departing(held));
        String what = scored.isSmall()
                ? String.format(
                        Locale.ROOT,
                        "%s gives another output %s: %s",
                        who,
                        departing.getFirst().name(),
                        departing.removeFirst().distance(held))
                : String.format(
                        Locale.ROOT,
                        "%s gives %s with an SQNR of %.1f dB to what was evaluated here, and of %.1f dB to float",
                        who,
                        run.others().isEmpty() ? "outputs" : "the output " + ran.output(),
                        scored.sqnrDb(),
                        run.figure().logitSqnrDb());
        String also = departing.isEmpty()
                ? ""
                : "; also " + departing.getFirst().name() + ", "
                        + departing.getFirst().distance(held)
                        + (departing.size() > 1 ? ", and " + (departing.size() - 1) + " more outputs" : "");
        return new ExportProblem(exporter.id(), "", what + also, remedy, ExportProblem.Severity.ERROR);
    }

    /**
     * Verifies exported files.
     *
     * @param files what {@code exporter} wrote from {@code plan}
     * @param data samples to run an ONNX file on, all of them, in file order; ignored for other formats
     * @return empty if the format is verified by running it and there is no data
     * @throws org.quantscope.core.io.BadInputException if ONNX Runtime refuses the file or the data does not fit the
     *     model
     * @throws IllegalStateException if the file does not read back as what was written
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Optional<Verification> verify(
            Exporter exporter,
            ExportPlan plan,
            List<Path> files,
            Optional<Dataset> data,
            Progress progress,
            CancelToken cancel)
            throws IOException {
        Path file = files.getFirst();
        if (runs(exporter)) {
            if (data.isEmpty()) {
                return Optional.empty();
            }
            Set<Field> lost = exporter.loses();
            EvalRequest carried = new EvalRequest(
                    Optional.empty(),
                    lost.contains(Field.WEIGHTS) ? Map.of() : plan.weights(),
                    lost.contains(Field.ACTIVATIONS) ? Map.of() : plan.activations());
            Set<TensorId> leftOut = exporter.check(plan).stream()
                    .filter(p -> p.severity() == ExportProblem.Severity.ERROR
                            && !p.tensor().isEmpty())
                    .map(p -> new TensorId(p.tensor()))
                    .filter(id -> carried.weights().containsKey(id)
                            || carried.activations().containsKey(id))
                    .collect(Collectors.toCollection(HashSet::new));
            // What shares the grid of a tensor that is left out is left out with it.
            for (ResolvedTensor t : plan.resolved().tensors()) {
                if (t.choice() instanceof Choice.Tied(TensorId owner) && leftOut.contains(owner)) {
                    leftOut.add(t.id());
                }
            }
            return Optional.of(RuntimeCheck.run(file, plan, carried, leftOut, data.get(), progress, cancel));
        }
        if (exporter instanceof QuantscopeJsonExporter) {
            if (!SessionFile.read(file, plan.place().orElse(file)).equals(plan.session())) {
                throw new IllegalStateException(file.getFileName() + " does not read back as what was written");
            }
            return Optional.of(new Verification.ReRead(plan.encodings().size()));
        }
        Optional<Importer> importer = Importers.all().stream()
                .filter(i -> i.id().equals(exporter.id()))
                .findFirst();
        if (importer.isPresent()) {
            Comparison compared = Comparison.of(exporter, plan, importer.get().read(file, plan.model(), cancel));
            compared.difference().ifPresent(difference -> {
                throw new IllegalStateException(
                        file.getFileName() + " does not read back as what was written: " + difference);
            });
            return Optional.of(new Verification.ReRead(compared.tensors()));
        }
        for (Path part : files) {
            cancel.check();
            String name = part.getFileName().toString();
            // A file that lists only the tensors with a feature may be empty; the export's problems say so.
            if (Files.size(part) == 0
                    && exporter.check(plan).stream().noneMatch(p -> p.severity() == ExportProblem.Severity.ERROR)) {
                throw new IllegalStateException(name + " is empty");
            }
            if (name.endsWith(".json")) {
                StrictJson.read(part, MAX_JSON_BYTES, MAX_JSON_TOKENS, json -> {
                    json.skip();
                    return true;
                });
            }
        }
        return Optional.of(new Verification.WellFormed(files.size()));
    }
}
