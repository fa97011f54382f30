package org.quantscope.core.glossary;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.json.StrictJson;

/**
 * The words of the field and of this program. The program's own glossary is the file {@code glossary.json} among its
 * resources; {@code docs/GLOSSARY.md} is its {@link #page}. Immutable.
 */
public final class Glossary {
    private static final String FILE = "glossary.json";

    /** Terms that belong together. */
    public record Section(String title, List<Term> terms) {
        public Section {
            terms = List.copyOf(terms);
        }
    }

    private static final class Bundled {
        static final Glossary GLOSSARY = load();
    }

    private final List<Section> sections;
    private final Map<String, Term> byId;
    private final Map<String, Term> byName = new TreeMap<>();

    /** @throws IllegalArgumentException if two terms share an id or a name, or a term refers to one that is not here */
    public Glossary(List<Section> sections) {
        this.sections = List.copyOf(sections);
        byId = this.sections.stream()
                .flatMap(s -> s.terms().stream())
                .collect(Collectors.toMap(Term::id, Function.identity(), (one, other) -> {
                    throw new IllegalArgumentException("id: two terms have " + one.id());
                }));
        for (Term term : byId.values()) {
            for (String id : term.see()) {
                if (!byId.containsKey(id)) {
                    throw new IllegalArgumentException(
                            "see: " + term.id() + " refers to " + id + ", which is not here");
                }
            }
            Stream.of(Stream.of(term.id(), term.term()), term.also().stream(), term.labels().stream())
                    .flatMap(Function.identity())
                    .forEach(name -> {
                        Term before = byName.putIfAbsent(plain(name), term);
                        if (before != null && !before.equals(term)) {
                            throw new IllegalArgumentException(
                                    "also: " + name + " is a name of " + before.id() + " and of " + term.id());
                        }
                    });
        }
    }

    /** The glossary of this program, read at the first call. */
    public static Glossary bundled() {
        return Bundled.GLOSSARY;
    }

    public List<Section> sections() {
        return sections;
    }

    /** The term with an id. */
    public Optional<Term> byId(String id) {
        return Optional.ofNullable(byId.get(id));
    }

    /**
     * The term with this id, word or other name, or with this label of the window: its words, {@code #id} or
     * {@code .class}. Case does not matter, nor whether words are joined by spaces or hyphens.
     */
    public Optional<Term> find(String name) {
        return Optional.ofNullable(byName.get(plain(name)));
    }

    /** Every word under which {@link #find} finds a term, in lower case. */
    public Set<String> names() {
        return byName.keySet().stream()
                .filter(name -> !name.startsWith("#") && !name.startsWith("."))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String plain(String name) {
        return name.strip().toLowerCase(Locale.ROOT).replaceAll("[\\s_–-]+", " ");
    }

    /** The whole glossary as a page of Markdown. */
    public String page() {
        StringBuilder page = new StringBuilder("""
            # Glossary

            The words of quantization as this program uses them. In formulas x is a value, x̂ its quantized value, q its
            code, s the scale, z the zero point and n the number of values. This page is made from `glossary.json` in
            `engine/core`; `GlossaryTest` says how.
            """);
        for (Section section : sections) {
            page.append("\n## ").append(section.title()).append("\n\n");
            section.terms().forEach(term -> page.append(line(term)).append('\n'));
        }
        return page.toString();
    }

    private String line(Term term) {
        StringBuilder line = new StringBuilder("- **").append(term.term()).append("**");
        if (!term.also().isEmpty()) {
            line.append(" (").append(String.join(", ", term.also())).append(')');
        }
        line.append(": ").append(term.sentence());
        term.formula().ifPresent(formula -> line.append(" `").append(formula).append('`'));
        term.unit().ifPresent(unit -> line.append(" [").append(unit).append(']'));
        term.good().ifPresent(good -> line.append(" *").append(good).append('*'));
        term.source()
                .ifPresent(source -> line.append(" Source: ").append(source).append('.'));
        if (!term.see().isEmpty()) {
            line.append(" See ")
                    .append(term.see().stream()
                            .map(id -> Objects.requireNonNull(byId.get(id)).term())
                            .collect(Collectors.joining(", ")))
                    .append('.');
        }
        return line.toString();
    }

    private record StoredFile(List<StoredSection> sections) {}

    private record StoredSection(String title, List<StoredTerm> terms) {}

    private record StoredTerm(
            String id,
            String term,
            @Nullable List<String> also,
            String sentence,
            @Nullable String formula,
            @Nullable String good,
            @Nullable String unit,
            @Nullable String source,
            @Nullable List<String> see,
            @Nullable List<String> labels,
            @Nullable String lesson) {
        Term toTerm() {
            return new Term(
                    id,
                    term,
                    Objects.requireNonNullElse(also, List.of()),
                    sentence,
                    Optional.ofNullable(formula),
                    Optional.ofNullable(good),
                    Optional.ofNullable(unit),
                    Optional.ofNullable(source),
                    Objects.requireNonNullElse(see, List.of()),
                    Objects.requireNonNullElse(labels, List.of()),
                    Optional.ofNullable(lesson));
        }
    }

    private static Glossary load() {
        try (InputStream in = Objects.requireNonNull(Glossary.class.getResourceAsStream(FILE), FILE)) {
            StoredFile file =
                    StrictJson.read(Path.of(FILE), in.readAllBytes(), json -> json.record(StoredFile.class, false));
            return new Glossary(file.sections().stream()
                    .map(s -> new Section(
                            s.title(),
                            s.terms().stream().map(StoredTerm::toTerm).toList()))
                    .toList());
        } catch (IOException e) {
            throw new IllegalStateException(FILE + " of the program cannot be read", e);
        }
    }
}
