package org.quantscope.app.explain;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.quantscope.core.glossary.Term;
import org.quantscope.core.lesson.Lesson;

/** One entry of the glossary, laid out, with the numbers of what is open; the words at its end lead to other entries. */
final class EntryPane extends VBox {
    private static final double GAP = 8;

    private final ExplainViewModel model;
    private final Consumer<Lesson> lessons;
    private final Optional<Consumer<Term>> glossary;
    private final Runnable leave;
    private Runnable onShown = () -> {};
    private final Deque<Term> before = new ArrayDeque<>();

    /**
     * @param lessons starts a lesson
     * @param glossary opens the page of all terms at one of them; empty on that page
     * @param leave closes what holds this pane
     */
    EntryPane(ExplainViewModel model, Consumer<Lesson> lessons, Optional<Consumer<Term>> glossary, Runnable leave) {
        super(GAP);
        this.model = model;
        this.lessons = lessons;
        this.glossary = glossary;
        this.leave = leave;
        getStyleClass().add("explanation");
    }

    /** Sets what is done behind each change of what is said. */
    void setOnShown(Runnable action) {
        onShown = action;
    }

    /** Shows a term; the one before it is forgotten. */
    void show(Term term) {
        before.clear();
        fill(term);
    }

    private void fill(Term term) {
        ExplainViewModel.Entry entry = model.of(term);
        Label title = wrapped("explanation-title", term.term());
        title.setId("explanation-title");
        HBox.setHgrow(title, Priority.ALWAYS);
        title.setMaxWidth(Double.MAX_VALUE);
        HBox head = new HBox(GAP, title);
        head.setAlignment(Pos.CENTER_LEFT);
        if (!before.isEmpty()) {
            Button back = link("◂ " + before.peek().term(), "explanation-back");
            back.setAccessibleText("Back to " + before.peek().term());
            back.setOnAction(e -> fill(before.pop()));
            head.getChildren().add(back);
        }
        getChildren().setAll(head, wrapped("explanation-sentence", term.sentence()));
        term.formula().filter(f -> !f.isBlank()).ifPresent(f -> getChildren().add(new FormulaView(f)));
        entry.numbers().filter(n -> !n.isBlank()).ifPresent(n -> {
            FormulaView numbers = new FormulaView(n);
            numbers.setId("explanation-numbers");
            numbers.getStyleClass().add("numbers");
            getChildren().add(numbers);
        });
        entry.here().ifPresent(h -> {
            Label here = wrapped("explanation-here", h);
            here.setId("explanation-here");
            getChildren().add(here);
        });
        term.good().ifPresent(g -> getChildren().add(wrapped("explanation-good", g)));
        term.unit().ifPresent(u -> getChildren().add(wrapped("hint", "Unit: " + u)));
        term.source().ifPresent(s -> getChildren().add(wrapped("hint", "Source: " + s)));
        FlowPane links = new FlowPane(GAP, 2);
        entry.lesson().ifPresent(lesson -> {
            Button learn = link("Lesson: " + lesson.title() + " ▸", "explanation-lesson");
            learn.setOnAction(e -> {
                leave.run();
                lessons.accept(lesson);
            });
            links.getChildren().add(learn);
        });
        for (Term other : entry.see()) {
            Button see = link(other.term(), "explanation-see-" + other.id());
            see.setOnAction(e -> {
                before.push(term);
                fill(other);
            });
            links.getChildren().add(see);
        }
        glossary.ifPresent(page -> {
            Button all = link("Glossary…", "explanation-glossary");
            all.setOnAction(e -> {
                leave.run();
                page.accept(term);
            });
            links.getChildren().add(all);
        });
        Region line = new Region();
        line.getStyleClass().add("formula-line");
        line.setMinHeight(1);
        getChildren().addAll(line, links);
        setAccessibleText(term.term() + ": " + term.sentence());
        onShown.run();
    }

    private static Button link(String text, String id) {
        Button button = new Button(text);
        button.setId(id);
        button.setMnemonicParsing(false);
        button.getStyleClass().add("link");
        return button;
    }

    private static Label wrapped(String style, String text) {
        Label label = new Label(text);
        label.getStyleClass().add(style);
        label.setWrapText(true);
        label.setMinHeight(Region.USE_PREF_SIZE);
        return label;
    }
}
