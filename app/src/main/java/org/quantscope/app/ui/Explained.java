package org.quantscope.app.ui;

import java.util.Optional;
import java.util.stream.Stream;
import javafx.scene.Node;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.Labeled;
import javafx.scene.control.MenuItem;
import javafx.scene.control.TableColumnBase;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.skin.TableColumnHeader;
import org.quantscope.core.glossary.Glossary;
import org.quantscope.core.glossary.Term;

/**
 * Which entry of the glossary explains a part of the window. A node has one by what is chosen in it, by the name it is
 * marked with, by its id, by the words on it, by the caption that belongs to it, or by its style; else that of what it
 * lies in.
 */
public final class Explained {
    private static final Object NAME = new Object();

    private Explained() {}

    /** Marks a node with a name of its entry: any name or label that the glossary knows. */
    public static <N extends Node> N as(N node, String name) {
        node.getProperties().put(NAME, name);
        return node;
    }

    /** The entry of a node itself or of the nearest node around it that has one. */
    public static Optional<Term> nearest(Node node) {
        return place(node).flatMap(Explained::of);
    }

    /** The node itself, or the nearest node around it, that has an entry. */
    public static Optional<Node> place(Node node) {
        return Stream.<Node>iterate(node, n -> n != null, Node::getParent)
                .filter(n -> of(n).isPresent())
                .findFirst();
    }

    /** The entry of just this node. */
    public static Optional<Term> of(Node node) {
        Optional<Term> choice = chosen(node);
        if (choice.isPresent()) {
            return choice;
        }
        Glossary glossary = Glossary.bundled();
        if (node.getProperties().get(NAME) instanceof String name) {
            Optional<Term> term = glossary.find(name);
            if (term.isPresent()) {
                return term;
            }
        }
        return Optional.ofNullable(node.getId())
                .flatMap(Explained::id)
                .or(() -> words(node))
                .or(() -> node.getStyleClass().stream()
                        .flatMap(style -> glossary.find("." + style).stream())
                        .findFirst());
    }

    /** The entry of an item of a menu. */
    public static Optional<Term> of(MenuItem item) {
        return Optional.ofNullable(item.getId()).flatMap(Explained::id).or(() -> words(item.getText()));
    }

    /** The entry of an id, or of all ids that begin like it: {@code #flip-*} is that of {@code flip-3}. */
    private static Optional<Term> id(String id) {
        Optional<Term> term = Glossary.bundled().find("#" + id);
        for (int at = id.lastIndexOf('-'); term.isEmpty() && at > 0; at = id.lastIndexOf('-', at - 1)) {
            term = Glossary.bundled().find("#" + id.substring(0, at) + "-*");
        }
        return term;
    }

    /** Of a box whose choices have entries that of the chosen one. */
    private static Optional<Term> chosen(Node node) {
        if (node instanceof ComboBox<?> box && box.getValue() != null) {
            return text(box).flatMap(Explained::words);
        }
        return Optional.empty();
    }

    private static <T> Optional<String> text(ComboBox<T> box) {
        return Optional.ofNullable(
                box.getConverter() == null
                        ? box.getValue().toString()
                        : box.getConverter().toString(box.getValue()));
    }

    private static Optional<Term> words(Node node) {
        if (node instanceof Label label && label.getLabelFor() != null) {
            Optional<Term> mine = words(label.getText());
            return mine.isPresent() ? mine : of(label.getLabelFor());
        }
        if (node instanceof Labeled labeled) {
            return words(labeled.getText());
        }
        if (node instanceof TableColumnHeader header) {
            TableColumnBase<?, ?> column = header.getTableColumn();
            return column == null ? Optional.empty() : words(column.getText());
        }
        return node instanceof TextInputControl text ? words(text.getPromptText()) : Optional.empty();
    }

    /** The entry of the words on a control, without the dots and signs that surround them. */
    public static Optional<Term> words(String text) {
        if (text == null || text.isBlank()) {
            return Optional.empty();
        }
        Glossary glossary = Glossary.bundled();
        String bare = text.replace("_", "");
        return glossary.find(text)
                .or(() -> glossary.find(bare.replaceAll("^[^\\p{L}\\p{N}]+|[^\\p{L}\\p{N})]+$", "")))
                .or(() -> glossary.find(bare.replaceAll(" [·–(].*$", "")));
    }
}
