package org.quantscope.app.configimport;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.importer.Detection;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.importer.NameMap;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.Request;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * Reads settings from another tool's file, shows what they would change, and takes them over as one step. For the thread of the
 * scene only.
 */
public final class ImportViewModel {
    /** As much of a file is looked at to tell a session from another tool's file, in bytes. */
    private static final int HEAD = 1 << 16;

    private static final Set<String> OPENED =
            Set.of(".npy", ".csv", ".tsv", ".gz", "-ubyte", ".idx", ".index.json", ".quantscope.json");

    /** Endings of files that are models or data and may hold settings too, with the one format of those. */
    private static final Map<String, String> EITHER =
            Map.of(".onnx", "onnx-qdq", ".safetensors", "safetensors", ".npz", "npz");

    /** What a dropped file is good for. */
    public enum Dropped {
        /** A model, data or a session. */
        OPEN,
        /** Settings of another tool. */
        SETTINGS,
        /** A model that holds settings for tensors of the one that is open: only a person knows what it was dropped for. */
        EITHER
    }

    /**
     * An entry of the file that is for a tensor of the model.
     *
     * @param nameInFile what the file calls it
     * @param range the hull of its ranges; empty if they have to be looked for first
     * @param present the tensor's present setting; empty if it is float
     * @param presentRange the hull of its present ranges; empty if it is float, or not measured yet
     * @param differences in a few words each; empty if the import changes nothing
     */
    public record Match(
            QuantizableTensor subject,
            String nameInFile,
            QuantSpec spec,
            Optional<ClipRange> range,
            Optional<QuantSpec> present,
            Optional<ClipRange> presentRange,
            List<String> differences) {
        public Match {
            differences = List.copyOf(differences);
        }

        public TensorId id() {
            return subject.id();
        }

        public boolean differs() {
            return !differences.isEmpty();
        }
    }

    /**
     * An entry that found no place by itself.
     *
     * @param mapped the tensor that a person chose for it
     * @param free the near names that can still be chosen
     */
    public record Unplaced(Imported.Unmatched entry, Optional<String> mapped, List<String> free) {
        public Unplaced {
            free = List.copyOf(free);
        }
    }

    /**
     * Two settings of one tensor on its values.
     *
     * @param values empty until they have been read, and for an activation that was not observed
     * @param present empty if it is float, or not measured yet
     * @param imported empty until it has been measured
     */
    public record Comparison(
            QuantizableTensor subject,
            Optional<MomentSketch> values,
            Optional<Measured> present,
            Optional<Measured> imported,
            Optional<String> problem) {}

    /**
     * What is on show.
     *
     * @param reading true while the file is being read
     * @param matches those that change something first
     * @param readable formats that find entries in the file
     * @param refused why each of the others does not
     * @param chosen the format; empty while a person has to say which
     * @param problem why nothing can be imported
     * @param others quantized tensors that the file says nothing of
     * @param alone true if those are to become float
     */
    public record View(
            Optional<Path> file,
            boolean reading,
            List<Importer> readable,
            Map<Importer, String> refused,
            Optional<Importer> chosen,
            Optional<String> problem,
            List<Match> matches,
            List<Unplaced> unplaced,
            List<String> notes,
            long others,
            boolean alone,
            Optional<Comparison> comparison) {
        public View {
            readable = List.copyOf(readable);
            matches = List.copyOf(matches);
            unplaced = List.copyOf(unplaced);
            notes = List.copyOf(notes);
        }

        public long differing() {
            return matches.stream().filter(Match::differs).count();
        }

        /** True if the format has to be chosen by a person. */
        public boolean ambiguous() {
            return readable.size() > 1 && chosen.isEmpty();
        }

        public boolean mayApply() {
            return !reading && !matches.isEmpty();
        }
    }

    private static final View EMPTY = new View(
            Optional.empty(),
            false,
            List.of(),
            Map.of(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of(),
            List.of(),
            0,
            false,
            Optional.empty());

    private final Workbench bench;
    private final Measurements measurements;
    private final SelectedTensor inHand;
    private final Background background;
    private final LatestWins<Detection> detecting;
    private final LatestWins<Imported> reading;
    private final LatestWins<Measured> comparing;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(EMPTY);
    private final Map<String, String> names = new TreeMap<>();
    private Optional<Detection> detection = Optional.empty();
    private Imported imported = new Imported(Map.of(), List.of(), List.of());
    private List<Imported.Unmatched> unmatchedAtFirst = List.of();
    private @Nullable QuantizableTensor compared;

    public ImportViewModel(Workbench bench, Measurements measurements, SelectedTensor inHand, Background background) {
        this.bench = bench;
        this.measurements = measurements;
        this.inHand = inHand;
        this.background = background;
        this.detecting = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.reading = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.comparing = background.latest(LatestWins.Mode.CANCEL_STALE);
        inHand.viewProperty().subscribe(x -> sketched());
        measurements.snapshotProperty().subscribe(x -> list());
    }

    /**
     * Whether a dropped file is a model, data or a session, or holds another tool's settings: by its ending, and if that leaves it open
     * by its content, which is read in the background.
     */
    public void whatIs(Path file, Consumer<Dropped> answer) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        Optional<Model> model = bench.analysed();
        boolean same = bench.modelProperty()
                .get()
                .filter(m -> m.file().path().equals(file.toAbsolutePath().normalize()))
                .isPresent();
        if (model.isEmpty() || same || OPENED.stream().anyMatch(name::endsWith)) {
            answer.accept(Dropped.OPEN);
            return;
        }
        Optional<Importer> both = EITHER.entrySet().stream()
                .filter(e -> name.endsWith(e.getKey()))
                .map(e -> Importers.byId(e.getValue()))
                .findFirst();
        background.work().execute(() -> {
            Dropped found;
            CancelToken cancel = new CancelToken();
            try (Jobs.Handle job = background.start("Looking at " + file.getFileName(), cancel)) {
                job.report(0, 0, "");
                found = Files.isDirectory(file) || isSession(file)
                        ? Dropped.OPEN
                        : both.isEmpty()
                                ? Dropped.SETTINGS
                                : hasSettings(both.get(), file, model.get(), cancel) ? Dropped.EITHER : Dropped.OPEN;
            } catch (CancellationException e) {
                return;
            }
            background.ui().execute(() -> answer.accept(found));
        });
    }

    private static boolean hasSettings(Importer importer, Path file, Model model, CancelToken cancel) {
        try {
            return !importer.read(file, model, cancel).specs().isEmpty();
        } catch (IOException | BadInputException e) {
            // Whoever opens it says what is wrong.
            return false;
        }
    }

    private static boolean isSession(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(HEAD), StandardCharsets.UTF_8).contains('"' + SessionFile.FORMAT + '"');
        } catch (IOException e) {
            // Whoever opens it says what is wrong.
            return false;
        }
    }

    /** Reads a file in every format; if several find something different in it, a person has to choose. */
    public void open(Path file) {
        close();
        Optional<Model> model = bench.analysed();
        if (model.isEmpty()) {
            return;
        }
        view.set(new View(
                Optional.of(file),
                true,
                List.of(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                List.of(),
                List.of(),
                0,
                false,
                Optional.empty()));
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

    /** Forgets the file. */
    public void close() {
        detecting.cancel();
        reading.cancel();
        comparing.cancel();
        names.clear();
        detection = Optional.empty();
        imported = new Imported(Map.of(), List.of(), List.of());
        unmatchedAtFirst = List.of();
        compared = null;
        view.set(EMPTY);
    }

    private void fail(String problem) {
        View v = view.get();
        view.set(new View(
                v.file,
                false,
                v.readable,
                v.refused,
                v.chosen,
                Optional.of(problem),
                List.of(),
                List.of(),
                List.of(),
                0,
                v.alone,
                Optional.empty()));
    }

    private void detected(Detection found) {
        detection = Optional.of(found);
        View v = view.get();
        List<Importer> readable =
                found.readable().stream().map(Detection.Candidate::importer).toList();
        Optional<String> problem = readable.isEmpty()
                ? Optional.of("No format that is known here finds settings in this file.")
                : Optional.empty();
        view.set(new View(
                v.file,
                false,
                readable,
                found.refused(),
                Optional.empty(),
                problem,
                List.of(),
                List.of(),
                List.of(),
                0,
                false,
                Optional.empty()));
        if (readable.size() == 1) {
            choose(readable.getFirst());
        }
    }

    /** Reads the file as a person says it is to be read. */
    public void choose(Importer importer) {
        View v = view.get();
        if (v.file.isEmpty() || v.chosen.filter(importer::equals).isPresent()) {
            return;
        }
        names.clear();
        Optional<Imported> known = detection.stream()
                .flatMap(d -> d.readable().stream())
                .filter(r -> r.importer().equals(importer))
                .map(Detection.Candidate::found)
                .findFirst();
        Optional<String> why = Optional.ofNullable(v.refused.get(importer)).map(text -> importer.title() + ": " + text);
        view.set(new View(
                v.file,
                false,
                v.readable,
                v.refused,
                Optional.of(importer),
                why,
                List.of(),
                List.of(),
                List.of(),
                0,
                v.alone,
                Optional.empty()));
        imported = new Imported(Map.of(), List.of(), List.of());
        known.ifPresent(found -> {
            unmatchedAtFirst = found.unmatched();
            take(found);
        });
    }

    /**
     * Says which tensor an unmatched entry is for; empty takes that back. The file is read again with it.
     *
     * @param name as the file has it
     */
    public void map(String name, Optional<String> tensor) {
        View v = view.get();
        if (v.file.isEmpty()
                || v.chosen.isEmpty()
                || Optional.ofNullable(names.get(name)).equals(tensor)) {
            return;
        }
        tensor.ifPresentOrElse(t -> names.put(name, t), () -> names.remove(name));
        Path file = v.file.get();
        Importer importer = v.chosen.get();
        Model model = bench.analysed().orElseThrow();
        Map<String, String> given = Map.copyOf(names);
        reading.submit(
                (cancel, partial) -> NameMap.read(importer, file, model, given, cancel),
                this::take,
                e -> fail(String.valueOf(e.getMessage())));
    }

    private void take(Imported found) {
        List<Imported.Unmatched> unmatched = new ArrayList<>(found.unmatched());
        Map<TensorId, QuantSpec> specs = new LinkedHashMap<>();
        found.specs().forEach((id, spec) -> {
            if (bench.subject(id).isPresent()) {
                specs.put(id, spec);
            } else {
                unmatched.add(
                        new Imported.Unmatched(id.name(), "it is a constant that is not quantized here", List.of()));
            }
        });
        imported = new Imported(specs, unmatched, found.notes());
        list();
        Optional<TensorId> hand = bench.selectionProperty().get();
        view.get().matches.stream()
                .filter(m -> hand.filter(m.id()::equals).isPresent())
                .findFirst()
                .or(() -> view.get().matches.stream().filter(Match::differs).findFirst())
                .or(() -> view.get().matches.stream().findFirst())
                .ifPresent(m -> select(m.id()));
    }

    private void list() {
        View v = view.get();
        if (v.file.isEmpty() || v.reading || v.chosen.isEmpty()) {
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
        view.set(new View(
                v.file,
                false,
                v.readable,
                v.refused,
                v.chosen,
                v.problem,
                matches,
                unplaced,
                imported.notes(),
                others,
                v.alone,
                v.comparison));
    }

    private Optional<Match> match(Optional<QuantizableTensor> subject, String nameInFile, QuantSpec spec) {
        return subject.map(s -> {
            Optional<QuantSpec> present = bench.spec(s);
            Optional<Measured> measured = present.flatMap(p -> measurements.find(s, p));
            return new Match(
                    s,
                    nameInFile,
                    spec,
                    range(spec),
                    present,
                    measured.map(m -> m.spans().effective()),
                    differences(spec, present, measured));
        });
    }

    /** The hull of the ranges of a spec; empty if they have to be looked for. */
    private static Optional<ClipRange> range(QuantSpec spec) {
        return switch (spec.clip()) {
            case Clip.Auto _ -> Optional.empty();
            case Clip.Manual m -> Optional.of(m.range());
            case Clip.ManualPerChannel m -> Optional.of(hull(m.ranges()));
            case Clip.ManualPerBlock m -> Optional.of(hull(m.ranges()));
            case Clip.Fixed f -> Optional.of(hull(f.params().effective()));
        };
    }

    private static ClipRange hull(List<ClipRange> ranges) {
        float lo = ranges.getFirst().lo();
        float hi = ranges.getFirst().hi();
        for (ClipRange r : ranges) {
            lo = Math.min(lo, r.lo());
            hi = Math.max(hi, r.hi());
        }
        return new ClipRange(lo, hi);
    }

    private static List<String> differences(QuantSpec next, Optional<QuantSpec> present, Optional<Measured> measured) {
        if (present.isEmpty()) {
            return List.of("float now");
        }
        QuantSpec now = present.get();
        if (now.equals(next)
                || (next.clip() instanceof Clip.Fixed f
                        && measured.filter(m -> m.params().equals(f.params())).isPresent())) {
            return List.of();
        }
        List<String> words = new ArrayList<>();
        if (!now.scheme().equals(next.scheme())) {
            words.add(now.quantizer().title() + " → " + next.quantizer().title());
        }
        if (now.bits() != next.bits()) {
            words.add(now.bits() + " → " + next.bits() + " bits");
        }
        if (now.signed() != next.signed()) {
            words.add(next.signed() ? "signed" : "unsigned");
        }
        if (now.symmetric() != next.symmetric()) {
            words.add(next.symmetric() ? "symmetric" : "asymmetric");
        }
        if (now.narrowRange() != next.narrowRange()) {
            words.add(next.narrowRange() ? "narrow codes" : "all codes");
        }
        if (!grain(now).equals(grain(next))) {
            words.add("per " + grain(now) + " → per " + grain(next));
        }
        if (words.isEmpty()) {
            words.add("range");
        }
        return words;
    }

    private static String grain(QuantSpec spec) {
        return switch (spec.granularity()) {
            case Granularity.PerTensor _ -> "tensor";
            case Granularity.PerChannel _ -> "channel";
            case Granularity.PerBlock b -> "block of " + b.size();
        };
    }

    /** Takes a tensor in hand, and compares its two settings. */
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
        Optional<Measured> known = measurements.find(subject, spec);
        if (known.isPresent()) {
            comparing.cancel();
            show(new Comparison(subject, sketch(subject), present(subject), known, Optional.empty()));
            return;
        }
        comparing.submit(
                (cancel, partial) -> measurements.measure(subject, request, resolver, cancel),
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
        View v = view.get();
        view.set(new View(
                v.file,
                v.reading,
                v.readable,
                v.refused,
                v.chosen,
                v.problem,
                v.matches,
                v.unplaced,
                v.notes,
                v.others,
                v.alone,
                Optional.of(comparison)));
    }

    private void sketched() {
        view.get().comparison.ifPresent(c -> {
            Optional<MomentSketch> values = sketch(c.subject);
            if (!values.equals(c.values)) {
                show(new Comparison(c.subject, values, present(c.subject), c.imported, c.problem));
            }
        });
    }

    private Optional<MomentSketch> sketch(QuantizableTensor subject) {
        return inHand.viewProperty()
                .get()
                .filter(h -> h.subject().id().equals(subject.id()))
                .flatMap(SelectedTensor.View::sketch);
    }

    private Optional<Measured> present(QuantizableTensor subject) {
        return bench.spec(subject).flatMap(spec -> measurements.find(subject, spec));
    }

    /** Whether quantized tensors that the file says nothing of become float. */
    public void setAlone(boolean alone) {
        View v = view.get();
        view.set(new View(
                v.file,
                v.reading,
                v.readable,
                v.refused,
                v.chosen,
                v.problem,
                v.matches,
                v.unplaced,
                v.notes,
                v.others,
                alone,
                v.comparison));
    }

    /** Takes the settings over as one step. False if there is nothing to take over. */
    public boolean apply() {
        View v = view.get();
        SessionState state = bench.stateProperty().get().orElse(null);
        if (!v.mayApply() || state == null) {
            return false;
        }
        String what =
                "import " + v.file.map(f -> String.valueOf(f.getFileName())).orElse("");
        bench.apply(v.alone ? alone(what, state) : imported.edit(what));
        background
                .notices()
                .done("Imported " + v.matches.size() + (v.matches.size() == 1 ? " tensor" : " tensors") + " from "
                        + v.file.map(f -> String.valueOf(f.getFileName())).orElse("")
                        + (v.unplaced.isEmpty() ? "" : "; " + waiting(v) + " left out"));
        return true;
    }

    private static String waiting(View v) {
        long n = v.unplaced.stream().filter(u -> u.mapped.isEmpty()).count();
        return n == 1 ? "1 entry" : n + " entries";
    }

    /** The step from {@code state} to {@link Imported#alone}. */
    private Edit alone(String what, SessionState state) {
        List<Edit> edits = new ArrayList<>();
        edits.add(new Edit.SetWeights(Optional.empty()));
        edits.add(new Edit.SetActivations(Optional.empty()));
        state.overrides().keySet().forEach(id -> edits.add(new Edit.ClearOverride(id)));
        state.keptFloat().forEach(id -> edits.add(new Edit.KeepFloat(id, false)));
        imported.specs().forEach((id, spec) -> edits.add(new Edit.SetOverride(id, spec)));
        return new Edit.All(what, edits);
    }

    /** Every format, for a person who knows better. */
    public static List<Importer> formats() {
        return Importers.all();
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
