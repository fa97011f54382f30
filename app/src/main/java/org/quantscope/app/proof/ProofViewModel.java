package org.quantscope.app.proof;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.proof.ProofState.Lines;
import org.quantscope.app.proof.ProofState.Row;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.Engine;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.proof.FloatTwin;
import org.quantscope.core.proof.Proof;

/**
 * Looks at the file of the open model as it lies on the disk, whatever was chosen in the window, or at another file; beside a
 * float model; and takes the settings that it finds over into the float model, as one undo step.
 */
public final class ProofViewModel {
    private final Workbench bench;
    private final Background background;
    private final Consumer<Path> opener;
    private final LatestWins<ProofState> latest;
    private final LatestWins<Imported> taking;
    private final ReadOnlyObjectWrapper<ProofState> view = new ReadOnlyObjectWrapper<>(ProofState.EMPTY);
    private @Nullable Path file;
    private Optional<Path> original = Optional.empty();
    /** The file whose settings are taken over as soon as its float original is open. */
    private @Nullable Path waiting;

    /** @param opener opens a model in the window */
    public ProofViewModel(Workbench bench, Background background, Consumer<Path> opener) {
        this.bench = bench;
        this.background = background;
        this.opener = opener;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.taking = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.modelProperty().subscribe(m -> {
            latest.cancel();
            taking.cancel();
            file = null;
            view.set(ProofState.EMPTY);
        });
        bench.changes().on(Changes.Stage.OTHERS, this::opened);
    }

    public ReadOnlyObjectProperty<ProofState> viewProperty() {
        return view.getReadOnlyProperty();
    }

    /** The file of the open model. */
    private Optional<Path> open() {
        return bench.stateProperty().get().map(s -> s.model().path().toAbsolutePath());
    }

    /** Looks at the file of the open model. */
    public void look() {
        open().ifPresent(own -> run(own, Optional.empty(), false));
    }

    /** Looks at another file, beside the open model if that is a float model. */
    public void lookAt(Path another) {
        open().ifPresent(own -> run(
                another.toAbsolutePath(),
                isFloat() && !own.equals(another.toAbsolutePath()) ? Optional.of(own) : Optional.empty(),
                false));
    }

    /** Looks at the same file, with its weights beside those of a float model. */
    public void beside(Path floats) {
        Path at = file;
        if (at != null) {
            run(at, Optional.of(floats.toAbsolutePath()), false);
        }
    }

    /** True if the open model has no grids of its own. */
    private boolean isFloat() {
        return bench.analysed().filter(m -> m.own().isEmpty()).isPresent();
    }

    /** Ends what is being done. */
    public void stop() {
        latest.cancel();
        taking.cancel();
        view.set(view.get().withBusy(false));
    }

    /**
     * Takes the settings of the file over into the float model beside it: at once if that is the open one, else as soon as
     * it is.
     */
    public void takeOver() {
        Path from = file;
        if (from == null || original.isEmpty() || view.get().take().isEmpty()) {
            return;
        }
        if (open().equals(original)) {
            take(from);
        } else {
            waiting = from;
            opener.accept(original.get());
        }
    }

    private void opened() {
        Path from = waiting;
        if (from != null && open().isPresent() && open().equals(original) && isFloat()) {
            waiting = null;
            run(from, original, true);
        }
    }

    private void take(Path from) {
        Model model = bench.analysed().orElse(null);
        if (model == null) {
            return;
        }
        taking.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Taking over " + from.getFileName(), cancel)) {
                        job.report(0, 1, "");
                        return Importers.read(Importers.ofModel(from), from, model, cancel);
                    }
                },
                this::taken,
                e -> view.set(view.get().withTaken(Invisible.escaped(String.valueOf(e.getMessage())), List.of())));
    }

    private void taken(Imported read) {
        Path from = file;
        if (from == null) {
            return;
        }
        Imported found = read.placed(id -> bench.subject(id).isPresent());
        String name = Invisible.escaped(String.valueOf(from.getFileName()));
        if (!found.specs().isEmpty()) {
            bench.apply(found.edit("take over " + name));
        }
        long weights = bench.weights().stream()
                .filter(w -> found.specs().containsKey(w.id()))
                .count();
        String said = "Taken over from " + name + ": "
                + counted(weights, "weight") + ", " + counted(found.specs().size() - weights, "activation")
                + "; "
                + (found.unmatched().isEmpty()
                        ? "everything"
                        : counted(found.unmatched().size(), "entry"))
                + (found.unmatched().isEmpty() ? " found its place." : " found no place.");
        List<Lines> lists = new ArrayList<>();
        add(
                lists,
                "Found no place",
                found.unmatched().stream().map(u -> u.name() + ": " + u.why()).toList());
        add(lists, "Of what was taken over", found.notes());
        view.set(view.get().withTaken(said, lists));
        background.notices().done(said);
    }

    private static String counted(long n, String what) {
        String many =
                what.endsWith("y") && !what.endsWith("ey") ? what.substring(0, what.length() - 1) + "ies" : what + "s";
        return Figures.count(n) + " " + (n == 1 ? what : many);
    }

    private void run(Path at, Optional<Path> floats, boolean thenTake) {
        file = at;
        original = floats;
        boolean own = open().filter(at::equals).isPresent();
        Optional<Model> beside = floats.isPresent() && open().equals(floats) ? bench.analysed() : Optional.empty();
        view.set(view.get().withBusy(true));
        latest.submit(
                (cancel, partial) -> made(at, floats, beside, own, cancel),
                made -> {
                    view.set(made);
                    if (thenTake) {
                        take(at);
                    }
                },
                e -> {
                    background.problem(e);
                    view.set(ProofState.said(Invisible.escaped(String.valueOf(e.getMessage()))));
                });
    }

    private ProofState made(Path at, Optional<Path> floats, Optional<Model> beside, boolean own, CancelToken cancel) {
        try (Jobs.Handle job = background.start("What is quantized in " + at.getFileName(), cancel)) {
            job.report(0, floats.isPresent() ? 2 : 1, "reading");
            Proof proof = Proof.of(at, cancel);
            Optional<FloatTwin> twin = Optional.empty();
            if (floats.isPresent()) {
                job.report(1, 2, "finding the weights in the float model");
                List<String> names = proof.weights().stream()
                        .filter(Proof.Entry::quantized)
                        .map(Proof.Entry::name)
                        .toList();
                Model there = beside.isPresent() ? beside.get() : Engine.open(floats.get(), true);
                twin = Optional.of(FloatTwin.of(ModelLoaders.open(at), names, there, cancel));
            }
            String name = floats.map(o -> Invisible.escaped(String.valueOf(o.getFileName())))
                    .orElse("");
            boolean coded = proof.tensors().stream().anyMatch(Proof.Entry::quantized);
            String take = floats.isEmpty() || !coded
                    ? ""
                    : beside.isPresent() ? "Take over into " + name : "Open " + name + " and take over";
            return state(proof, twin, name, own ? "" : Invisible.escaped(String.valueOf(at.getFileName())), take);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ProofState state(Proof proof, Optional<FloatTwin> twin, String beside, String another, String take) {
        List<Row> rows = new ArrayList<>();
        for (Proof.Entry e : proof.weights()) {
            Optional<FloatTwin.Match> match =
                    twin.flatMap(t -> Optional.ofNullable(t.matches().get(e.name())));
            rows.add(new Row(
                    Invisible.escaped(e.name()),
                    Integer.toString(e.bits()),
                    e.scheme(),
                    e.granularity(),
                    Figures.bytes(e.bytes()),
                    e.computes().said(),
                    Invisible.escaped(e.why()),
                    match.map(m -> Invisible.escaped(m.original().name())).orElse(""),
                    match.map(m -> m.sqnr().isPresent()
                                    ? String.format(
                                            java.util.Locale.ROOT,
                                            "%.1f dB",
                                            m.sqnr().getAsDouble())
                                    : "none")
                            .orElse(""),
                    match.flatMap(m -> m.nearest().stream().boxed().findFirst())
                            .map(n -> String.format(java.util.Locale.ROOT, "%.2f %%", 100 * n))
                            .orElse("")));
        }
        List<Lines> lists = new ArrayList<>();
        add(
                lists,
                "In float",
                proof.floatLeft().stream().map(l -> l.name() + ": " + l.why()).toList());
        add(
                lists,
                "Operators in float, with weights or between quantized ones",
                proof.way().isEmpty()
                        ? List.of()
                        : proof.fallbacks().stream()
                                .map(o -> o.type() + " " + o.name() + ": " + o.why())
                                .toList());
        twin.ifPresent(t -> add(
                lists,
                "Without a float weight",
                t.unmatched().entrySet().stream()
                        .map(u -> u.getKey() + ": " + u.getValue())
                        .toList()));
        add(lists, "Notes", proof.notes());
        return new ProofState(proof.verdict(), proof.way(), rows, lists, beside, another, take, "", false);
    }

    private static void add(List<Lines> lists, String title, List<String> lines) {
        if (!lines.isEmpty()) {
            lists.add(new Lines(title, lines.stream().map(Invisible::escaped).toList()));
        }
    }
}
