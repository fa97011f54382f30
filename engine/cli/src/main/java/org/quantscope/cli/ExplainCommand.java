package org.quantscope.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.figure.Figure;
import org.quantscope.core.figure.Figures;
import org.quantscope.core.glossary.Glossary;
import org.quantscope.core.glossary.Term;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.NearNames;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "explain",
        description = "Explains a word of the field, a figure, a scheme or a calibrator: what it is, its formula, and"
                + " what good and bad look like.",
        footer = {"", "Example:", "  quantscope explain zero point"})
final class ExplainCommand extends EngineCommand {
    private static final int NEAR = 5;

    @Parameters(paramLabel = "TERM", arity = "1..*", description = "A word, a synonym or an id; case does not matter.")
    private List<String> words = new ArrayList<>();

    ExplainCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() {
        String asked = String.join(" ", words);
        Glossary glossary = Glossary.bundled();
        Optional<Figure> figure = Figures.byId(asked);
        Optional<Term> term = glossary.find(asked).or(() -> figure.flatMap(f -> glossary.find(f.title())));
        if (term.isPresent()) {
            explain(term.get(), glossary);
        } else if (figure.isPresent()) {
            explain(figure.get());
        } else {
            List<String> known = new ArrayList<>(glossary.names());
            Figures.all().forEach(f -> known.add(f.id()));
            throw usage("TERM: \"" + asked + "\" is in no entry; near names: "
                    + String.join(", ", NearNames.of(asked, known, NEAR)));
        }
        return ExitCode.DONE;
    }

    private void explain(Term term, Glossary glossary) {
        List<String> see = term.see().stream()
                .map(id -> glossary.byId(id).orElseThrow().term())
                .toList();
        Json json = new Json()
                .put("id", term.id())
                .put("term", term.term())
                .put("also", term.also())
                .put("sentence", term.sentence());
        term.formula().ifPresent(f -> json.put("formula", f));
        term.good().ifPresent(g -> json.put("good", g));
        term.unit().ifPresent(u -> json.put("unit", u));
        term.source().ifPresent(s -> json.put("source", s));
        json.put("see", see);
        print(json, () -> {
            line(terminal().strong(term.term())
                    + (term.also().isEmpty() ? "" : " (" + String.join(", ", term.also()) + ")"));
            line("  " + term.sentence());
            term.formula().ifPresent(f -> line("  formula  " + f));
            term.unit().ifPresent(u -> line("  unit     " + u));
            term.good().ifPresent(g -> line("  good     " + g));
            term.source().ifPresent(s -> line("  source   " + s));
            if (!see.isEmpty()) {
                line("  see      " + String.join(", ", see));
            }
        });
    }

    private void explain(Figure figure) {
        Json json = new Json()
                .put("id", figure.id())
                .put("term", figure.title())
                .put("also", List.of())
                .put("sentence", figure.doc());
        if (!figure.unit().isEmpty()) {
            json.put("unit", figure.unit());
        }
        json.put("see", List.of());
        print(json, () -> {
            line(terminal().strong(figure.title()) + " (" + figure.id() + ")");
            line("  " + figure.doc());
            if (!figure.unit().isEmpty()) {
                line("  unit     " + figure.unit());
            }
        });
    }

    private void line(String text) {
        terminal().out().println(text);
    }
}
