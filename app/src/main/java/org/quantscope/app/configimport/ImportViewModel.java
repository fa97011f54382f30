package org.quantscope.app.configimport;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.configimport.ImportState.Comparison;
import org.quantscope.app.configimport.ImportState.Content;
import org.quantscope.app.configimport.ImportState.Formats;
import org.quantscope.app.configimport.ImportState.Match;
import org.quantscope.app.configimport.ImportState.Unplaced;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.importer.Detection;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.importer.NameMap;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.Request;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * Reads settings from another tool's file, shows what they would change, and applies them as one undo step. Used on the
 * FX thread only.
 */
public final class ImportViewModel {
    private final Workbench bench;
    private final Measurements measurements;
    private final SelectedTensor selected;
    private final Background background;
    private final LatestWins<Detection> detecting;
    private final LatestWins<Imported> reading;
    private final LatestWins<Measured> comparing;
    private final ReadOnlyObjectWrapper<ImportState> view = new ReadOnlyObjectWrapper<>(ImportState.NOTHING);
    private final Map<String, String> names = new TreeMap<>();
    private Optional<Detection> detection = Optional.empty();
    private Imported imported = new Imported(Map.of(), List.of(), List.of());
    private List<Imported.Unmatched> unmatchedAtFirst = List.of();
    private @Nullable QuantizableTensor compared;

    public ImportViewModel(Workbench bench, Measurements measurements, SelectedTensor selected, Background background) {
        this.bench = bench;
        this.measurements = measurements;
        this.selected = selected;
        this.background = background;
        this.detecting = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.reading = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.comparing = background.latest(LatestWins.Mode.CANCEL_STALE);
        selected.viewProperty().subscribe(x -> sketched());
        measurements.snapshotProperty().subscribe(x -> list());
    }

    /** Reads a file in every format. If several formats find different entries, the user has to choose one. */
    public void open(Path file) {
        close();
        Optional<Model> model = bench.analysed();
        if (model.isEmpty()) {
            return;
        }
        view.set(ImportState.reading(file));
        detecting.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Reading " + file.getFileName(), cancel)) {
                        job.report(0, 1, "");
                        return Detection.of(file, model.get(), cancel);
                    }
                },
                this::detected,
                e -> fail(String.valueOf(e.getMessage())));
    }

    /** Closes the file. */
    public void close() {
        detecting.cancel();
        reading.cancel();
        comparing.cancel();
        names.clear();
        detection = Optional.empty();
        imported = new Imported(Map.of(), List.of(), List.of());
        unmatchedAtFirst = List.of();
        compared = null;
        view.set(ImportState.NOTHING);
    }

    private void fail(String problem) {
        ImportState v = view.get();
        view.set(v.with(v.formats(), new Content.Failed(problem)));
    }

    private void detected(Detection found) {
        detection = Optional.of(found);
        ImportState v = view.get();
        List<Importer> readable =
                found.readable().stream().map(Detection.Candidate::importer).toList();
        Content content = readable.isEmpty()
                ? new Content.Failed("No format that is known here finds settings in this file.")
                : new Content.Undecided();
        view.set(v.with(new Formats(readable, found.refused(), Optional.empty()), content));
        if (readable.size() == 1) {
            choose(readable.getFirst());
        }
    }

    /** Reads the file in the format that the user chose. */
    public void choose(Importer importer) {
        ImportState v = view.get();
        if (v.file().isEmpty() || v.formats().chosen().filter(importer::equals).isPresent()) {
            return;
        }
        names.clear();
        Optional<Imported> known = detection.stream()
                .flatMap(d -> d.readable().stream())
                .filter(r -> r.importer().equals(importer))
                .map(Detection.Candidate::found)
                .findFirst();
        Content content = v.formats().refused().containsKey(importer)
                ? new Content.Failed(
                        importer.title() + ": " + v.formats().refused().get(importer))
                : Content.Entries.NONE;
        view.set(v.with(v.formats().withChosen(importer), content));
        imported = new Imported(Map.of(), List.of(), List.of());
        known.ifPresent(found -> {
            unmatchedAtFirst = found.unmatched();
            take(found);
        });
    }

    /**
     * Assigns a tensor to an entry that belongs to none; an empty tensor undoes that. The file is then read again.
     *
     * @param name the name in the file
     */
    public void map(String name, Optional<String> tensor) {
        ImportState v = view.get();
        if (v.file().isEmpty()
                || v.formats().chosen().isEmpty()
                || Optional.ofNullable(names.get(name)).equals(tensor)) {
            return;
        }
        tensor.ifPresentOrElse(t -> names.put(name, t), () -> names.remove(name));
        Path file = v.file().get();
        Importer importer = v.formats().chosen().get();
        Model model = bench.analysed().orElseThrow();
        Map<String, String> given = Map.copyOf(names);
        reading.submit(
                (cancel, partial) -> NameMap.read(importer, file, model, given, cancel),
                this::take,
                e -> fail(String.valueOf(e.getMessage())));
    }

    private void take(Imported found) {
        imported = found.placed(id -> bench.subject(id).isPresent());
        view.set(view.get().withEntries(Content.Entries.NONE));
        list();
        Optional<TensorId> hand = bench.selectionProperty().get();
        view.get().matches().stream()
                .filter(m -> hand.filter(m.id()::equals).isPresent())
                .findFirst()
                .or(() -> view.get().matches().stream().filter(Match::differs).findFirst())
                .or(() -> view.get().matches().stream().findFirst())
                .ifPresent(m -> select(m.id()));
    }

    private void list() {
        ImportState v = view.get();
        if (!(v.content() instanceof Content.Entries)) {
            return;
        }
        Map<String, String> inFile = new HashMap<>();
        names.forEach((name, tensor) -> inFile.put(tensor, name));
        List<Match> matches = imported.specs().entrySet().stream()
                .map(e -> match(
                        bench.subject(e.getKey()),
                        inFile.getOrDefault(e.getKey().name(), e.getKey().name()),
                        e.getValue()))
                .flatMap(Optional::stream)
                .sorted(Comparator.comparing(m -> !m.differs()))
                .toList();
        Set<String> placed = matches.stream().map(m -> m.id().name()).collect(Collectors.toCollection(TreeSet::new));
        List<Unplaced> unplaced = new ArrayList<>();
        Set<String> said = new TreeSet<>();
        for (Imported.Unmatched u : Stream.concat(unmatchedAtFirst.stream(), imported.unmatched().stream())
                .toList()) {
            boolean still = imported.unmatched().contains(u);
            Optional<String> mapped = Optional.ofNullable(names.get(u.name()));
            if ((still || mapped.isPresent()) && said.add(u.name())) {
                unplaced.add(new Unplaced(
                        u,
                        mapped,
                        u.near().stream()
                                .filter(n -> mapped.filter(n::equals).isPresent() || !placed.contains(n))
                                .toList()));
            }
        }
        long others = Stream.<QuantizableTensor>concat(bench.weights().stream(), bench.activations().stream())
                .filter(s -> bench.spec(s).isPresent() && !imported.specs().containsKey(s.id()))
                .count();
        view.set(v.withEntries(new Content.Entries(matches, unplaced, imported.notes(), others)));
    }

    private Optional<Match> match(Optional<QuantizableTensor> subject, String nameInFile, QuantSpec spec) {
        return subject.map(s -> {
            Optional<QuantSpec> present = bench.spec(s);
            Optional<Measured> measured = present.flatMap(p -> measurements.find(s, p));
            return new Match(
                    s,
                    nameInFile,
                    spec,
                    Differences.range(spec),
                    present,
                    measured.map(m -> m.spans().effective()),
                    Differences.of(spec, present, measured));
        });
    }

    /** Selects a tensor, and compares its two settings. */
    public void select(TensorId id) {
        QuantSpec spec = imported.specs().get(id);
        QuantizableTensor subject = bench.subject(id).orElse(null);
        if (spec == null || subject == null) {
            return;
        }
        compared = subject;
        bench.select(id);
        show(new Comparison(subject, sketch(subject), present(subject), Optional.empty(), Optional.empty()));
        Request request = measurements.request(subject, spec);
        Resolver resolver = bench.resolver();
        Importances importances = bench.importances();
        Optional<Measured> known = measurements.find(subject, spec);
        if (known.isPresent()) {
            comparing.cancel();
            show(new Comparison(subject, sketch(subject), present(subject), known, Optional.empty()));
            return;
        }
        comparing.submit(
                (cancel, partial) -> measurements.measure(subject, request, importances, resolver, cancel),
                measured -> {
                    if (subject.equals(compared)) {
                        show(new Comparison(
                                subject, sketch(subject), present(subject), Optional.of(measured), Optional.empty()));
                    }
                },
                e -> show(new Comparison(
                        subject,
                        sketch(subject),
                        present(subject),
                        Optional.empty(),
                        Optional.of(String.valueOf(e.getMessage())))));
    }

    private void show(Comparison comparison) {
        view.set(view.get().withComparison(comparison));
    }

    private void sketched() {
        view.get().comparison().ifPresent(c -> {
            Optional<MomentSketch> values = sketch(c.subject());
            if (!values.equals(c.values())) {
                show(new Comparison(c.subject(), values, present(c.subject()), c.imported(), c.problem()));
            }
        });
    }

    private Optional<MomentSketch> sketch(QuantizableTensor subject) {
        return selected.viewProperty()
                .get()
                .filter(h -> h.subject().id().equals(subject.id()))
                .flatMap(SelectedTensor.View::sketch);
    }

    private Optional<Measured> present(QuantizableTensor subject) {
        return bench.spec(subject).flatMap(spec -> measurements.find(subject, spec));
    }

    /** Sets whether quantized tensors that are not in the file become float. */
    public void setAlone(boolean alone) {
        view.set(view.get().withAlone(alone));
    }

    /**
     * Applies the settings as one undo step.
     *
     * @return false if there is nothing to apply
     */
    public boolean apply() {
        ImportState v = view.get();
        SessionState state = bench.stateProperty().get().orElse(null);
        if (!v.mayApply() || state == null) {
            return false;
        }
        String what =
                "import " + v.file().map(f -> String.valueOf(f.getFileName())).orElse("");
        bench.apply(v.alone() ? alone(what, state) : imported.edit(what));
        background
                .notices()
                .done("Imported " + v.matches().size() + (v.matches().size() == 1 ? " tensor" : " tensors") + " from "
                        + v.file().map(f -> String.valueOf(f.getFileName())).orElse("")
                        + (v.unplaced().isEmpty() ? "" : "; " + waiting(v) + " left out"));
        return true;
    }

    private static String waiting(ImportState v) {
        long n = v.unplaced().stream().filter(u -> u.mapped().isEmpty()).count();
        return n == 1 ? "1 entry" : n + " entries";
    }

    /** The edit from {@code state} to {@link Imported#alone}. */
    private Edit alone(String what, SessionState state) {
        List<Edit> edits = new ArrayList<>();
        edits.add(new Edit.SetWeights(Optional.empty()));
        edits.add(new Edit.SetActivations(Optional.empty()));
        state.overrides().keySet().forEach(id -> edits.add(new Edit.ClearOverride(id)));
        state.keptFloat().forEach(id -> edits.add(new Edit.KeepFloat(id, false)));
        imported.specs().forEach((id, spec) -> edits.add(new Edit.SetOverride(id, spec)));
        return new Edit.All(what, edits);
    }

    /** All formats, if the user knows better which one it is. */
    public static List<Importer> formats() {
        return Importers.all();
    }

    public ReadOnlyObjectProperty<ImportState> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
