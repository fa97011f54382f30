package org.quantscope.app.proof;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.proof.ProofState.Lines;
import org.quantscope.app.proof.ProofState.Row;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.Engine;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.proof.FloatTwin;
import org.quantscope.core.proof.Proof;

/** Looks at the file of the open model as it lies on the disk, whatever was chosen in the window; and beside a float model. */
public final class ProofViewModel {
    private final Workbench bench;
    private final Background background;
    private final LatestWins<ProofState> latest;
    private final ReadOnlyObjectWrapper<ProofState> view = new ReadOnlyObjectWrapper<>(ProofState.EMPTY);

    public ProofViewModel(Workbench bench, Background background) {
        this.bench = bench;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.modelProperty().subscribe(m -> {
            latest.cancel();
            view.set(ProofState.EMPTY);
        });
    }

    public ReadOnlyObjectProperty<ProofState> viewProperty() {
        return view.getReadOnlyProperty();
    }

    /** Looks at the file of the open model. */
    public void look() {
        run(Optional.empty());
    }

    /** The same, with its weights beside those of a float model. */
    public void beside(Path original) {
        run(Optional.of(original));
    }

    /** Ends what is being done. */
    public void stop() {
        latest.cancel();
        view.set(copy(view.get(), false));
    }

    private static ProofState copy(ProofState s, boolean busy) {
        return new ProofState(
                busy ? "Looking at the file…" : s.verdict(), s.way(), s.rows(), s.lists(), s.beside(), busy);
    }

    private void run(Optional<Path> original) {
        Path file = bench.modelProperty().get().map(m -> m.source().file()).orElse(null);
        if (file == null) {
            return;
        }
        view.set(copy(view.get(), true));
        latest.submit((cancel, partial) -> made(file, original, cancel), view::set, e -> {
            background.problem(e);
            view.set(new ProofState(
                    Invisible.escaped(String.valueOf(e.getMessage())), "", List.of(), List.of(), "", false));
        });
    }

    private ProofState made(Path file, Optional<Path> original, CancelToken cancel) {
        try (Jobs.Handle job = background.start("What is quantized in " + file.getFileName(), cancel)) {
            job.report(0, original.isPresent() ? 2 : 1, "reading");
            Proof proof = Proof.of(file, cancel);
            Optional<FloatTwin> twin = Optional.empty();
            if (original.isPresent()) {
                job.report(1, 2, "finding the weights in the float model");
                List<String> names = proof.weights().stream()
                        .filter(Proof.Entry::quantized)
                        .map(Proof.Entry::name)
                        .toList();
                twin = Optional.of(
                        FloatTwin.of(ModelLoaders.open(file), names, Engine.open(original.get(), true), cancel));
            }
            return state(
                    proof,
                    twin,
                    original.map(o -> String.valueOf(o.getFileName())).orElse(""));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ProofState state(Proof proof, Optional<FloatTwin> twin, String beside) {
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
        return new ProofState(proof.verdict(), proof.way(), rows, lists, Invisible.escaped(beside), false);
    }

    private static void add(List<Lines> lists, String title, List<String> lines) {
        if (!lines.isEmpty()) {
            lists.add(new Lines(title, lines.stream().map(Invisible::escaped).toList()));
        }
    }
}
