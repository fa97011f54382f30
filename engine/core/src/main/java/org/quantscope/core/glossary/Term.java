package org.quantscope.core.glossary;

import java.util.List;
import java.util.Optional;

/**
 * A word that is explained.
 *
 * @param id lower case, fixed: other entries and texts refer to it
 * @param term the word as this program uses it
 * @param also other names: synonyms, abbreviations, ids
 * @param sentence what it means, in one sentence
 * @param formula in plain text
 * @param good what good and bad values look like, or when it is a good choice
 * @param unit of the figure
 * @param source a paper, a specification, or a page of these docs
 * @param see ids of related terms
 * @param labels where the window shows it: words as they are written on a control, {@code #id} of a node, {@code .class}
 *     of its style
 * @param lesson id of the lesson that teaches it
 */
public record Term(
        String id,
        String term,
        List<String> also,
        String sentence,
        Optional<String> formula,
        Optional<String> good,
        Optional<String> unit,
        Optional<String> source,
        List<String> see,
        List<String> labels,
        Optional<String> lesson) {
    public Term {
        also = List.copyOf(also);
        see = List.copyOf(see);
        labels = List.copyOf(labels);
        if (!id.matches("[a-z0-9_-]+")) {
            throw new IllegalArgumentException("id: lower-case letters, digits, _ and - are needed, got " + id);
        }
        if (term.isBlank()) {
            throw new IllegalArgumentException("term: " + id + " has none");
        }
        if (!sentence.endsWith(".")) {
            throw new IllegalArgumentException("sentence: that of " + id + " has no full stop: " + sentence);
        }
    }
}
