package org.quantscope.app.explain;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javafx.collections.FXCollections;
import javafx.collections.transformation.FilteredList;
import javafx.geometry.Insets;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TextField;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.quantscope.core.glossary.Glossary;
import org.quantscope.core.glossary.Term;
import org.quantscope.core.lesson.Lesson;

/** The page of all terms: a list that can be filtered, and the chosen entry. */
public final class GlossaryView extends BorderPane {
    private static final double GAP = 8;
    private static final double LIST = 230;

    private final ListView<Term> list = new ListView<>();
    private final TextField filter = new TextField();

    /**
     * @param lessons starts a lesson
     * @param leave closes the page
     */
    public GlossaryView(ExplainViewModel model, Consumer<Lesson> lessons, Runnable leave) {
        FilteredList<Term> terms =
                new FilteredList<>(FXCollections.observableList(Glossary.bundled().sections().stream()
                        .flatMap(s -> s.terms().stream())
                        .toList()));
        filter.setId("glossary-filter");
        filter.setPromptText("Filter terms…");
        filter.setAccessibleText("Filter the terms");
        list.setId("glossary-list");
        list.setItems(terms);
        list.setPrefWidth(LIST);
        list.setAccessibleText("Terms");
        list.setCellFactory(view -> new ListCell<>() {
            @Override
            protected void updateItem(Term term, boolean empty) {
                super.updateItem(term, empty);
                setText(empty || term == null ? "" : term.term());
            }
        });
        VBox left = new VBox(GAP, filter, list);
        left.setPadding(new Insets(0, GAP, 0, 0));
        VBox.setVgrow(list, Priority.ALWAYS);
        EntryPane entry = new EntryPane(model, lessons, Optional.empty(), leave);
        entry.setId("glossary-entry");
        ScrollPane scroll = new ScrollPane(entry);
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.getStyleClass().add("side-panel");
        setLeft(left);
        setCenter(scroll);
        filter.textProperty().subscribe(text -> {
            String wanted = text == null ? "" : text.strip().toLowerCase(Locale.ROOT);
            terms.setPredicate(term -> Stream.concat(Stream.of(term.term(), term.sentence()), term.also().stream())
                    .anyMatch(word -> word.toLowerCase(Locale.ROOT).contains(wanted)));
            if (!terms.isEmpty() && !terms.contains(list.getSelectionModel().getSelectedItem())) {
                list.getSelectionModel().select(0);
            }
        });
        list.getSelectionModel().selectedItemProperty().subscribe(term -> {
            if (term != null) {
                entry.show(term);
            }
        });
    }

    /** Shows one term. */
    public void choose(Term term) {
        filter.setText("");
        list.getSelectionModel().select(term);
        list.scrollTo(Math.max(0, list.getSelectionModel().getSelectedIndex() - 2));
    }

    /** Puts the keyboard on the filter. */
    public void focusFilter() {
        filter.requestFocus();
    }

    /** The terms that the filter leaves. */
    List<Term> shown() {
        return List.copyOf(list.getItems());
    }
}
