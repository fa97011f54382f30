package org.quantscope.core.glossary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Quantizers;

/** After a change of glossary.json the page that belongs to it is left in target: copy it over docs/GLOSSARY.md. */
class GlossaryTest {
    private static final Path ROOT = Path.of(System.getProperty("quantscope.root"));
    private static final Path WRITTEN = ROOT.resolve("engine/core/target/GLOSSARY.md");

    private final Glossary glossary = Glossary.bundled();

    @Test
    void thePageInDocsIsTheOneThatTheFileMakes() throws IOException {
        Files.createDirectories(WRITTEN.getParent());
        Files.writeString(WRITTEN, glossary.page());

        assertThat(Files.readString(ROOT.resolve("docs/GLOSSARY.md")))
                .as("cp engine/core/target/GLOSSARY.md docs/GLOSSARY.md")
                .isEqualTo(glossary.page());
    }

    @Test
    void everySchemeHasAnEntry() {
        assertThat(Quantizers.all())
                .allSatisfy(q -> assertThat(glossary.find(q.id())).as(q.id()).isPresent());
    }

    @Test
    void everyCalibratorHasAnEntryUnderItsTitle() {
        assertThat(Calibrators.all())
                .allSatisfy(
                        c -> assertThat(glossary.byId("calibrator-" + c.id()).map(Term::term))
                                .as(c.id())
                                .hasValueSatisfying(term -> assertThat(term).isEqualToIgnoringCase(c.title())));
    }

    /** When each is the right one is what a person asks who chooses. */
    @Test
    void everySchemeAndEveryCalibratorSaysWhenItIsRight() {
        assertThat(Stream.concat(
                        Quantizers.all().stream().map(q -> glossary.find(q.id())),
                        Calibrators.all().stream().map(c -> glossary.byId("calibrator-" + c.id()))))
                .allSatisfy(term -> assertThat(term.flatMap(Term::good)).isPresent());
    }

    @Test
    void findsATermByAnyOfItsNamesHoweverTheyAreSpelt() {
        Term scale = glossary.byId("scale").orElseThrow();

        assertThat(List.of("scale", "Scale", "quantization step", "Quantization-Step", " step_size "))
                .allSatisfy(name -> assertThat(glossary.find(name)).contains(scale));
        assertThat(glossary.find("no such word")).isEmpty();
    }

    @Test
    void refusesTwoTermsWithOneName() {
        Term one = term("one", List.of("Same-name"), List.of());
        Term other = term("other", List.of("same name"), List.of());

        assertThatThrownBy(() -> new Glossary(List.of(new Glossary.Section("s", List.of(one, other)))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("also: ")
                .hasMessageContainingAll("one", "other");
    }

    @Test
    void refusesAReferenceToNothing() {
        Term one = term("one", List.of(), List.of("nothing"));

        assertThatThrownBy(() -> new Glossary(List.of(new Glossary.Section("s", List.of(one)))))
                .hasMessage("see: one refers to nothing, which is not here");
    }

    @Test
    void refusesASentenceWithoutItsFullStop() {
        assertThatThrownBy(() -> new Term(
                        "one",
                        "one",
                        List.of(),
                        "No end",
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of(),
                        List.of(),
                        Optional.empty()))
                .hasMessageStartingWith("sentence: that of one");
    }

    private static Term term(String id, List<String> also, List<String> see) {
        return new Term(
                id,
                id,
                also,
                "A word.",
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                see,
                List.of(),
                Optional.empty());
    }
}
