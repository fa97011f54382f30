package org.quantscope.app.tensors;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * The beginning that most names of a model share, such as {@code model.layers.}, which tells no tensor from another. It
 * ends with a separator, a dot or a slash.
 *
 * @param text empty if there is none
 */
record NamePrefix(String text) {
    static final NamePrefix NONE = new NamePrefix("");

    /** A prefix is left out only if at least this share of the names begin with it. */
    private static final double SHARE = 0.75;

    /** Shorter prefixes are kept, because the ellipsis needs room too. */
    private static final int LEAST_LENGTH = 4;

    private static final int FEWEST_NAMES = 3;

    /** The longest prefix that enough of the names share. */
    static NamePrefix of(Collection<String> names) {
        Map<String, Integer> counts = new HashMap<>();
        for (String name : names) {
            // The last part always stays.
            for (int i = LEAST_LENGTH - 1; i < name.length() - 1; i++) {
                if (isSeparator(name.charAt(i))) {
                    counts.merge(name.substring(0, i + 1), 1, Integer::sum);
                }
            }
        }
        return counts.entrySet().stream()
                .filter(e -> e.getValue() >= Math.max(FEWEST_NAMES, SHARE * names.size()))
                .map(Map.Entry::getKey)
                .max((a, b) -> Integer.compare(a.length(), b.length()))
                .map(NamePrefix::new)
                .orElse(NONE);
    }

    private static boolean isSeparator(char c) {
        return c == '.' || c == '/';
    }

    /** The name with an ellipsis in place of the prefix; as it is if it begins otherwise. */
    String elide(String name) {
        return !text.isEmpty() && name.length() > text.length() && name.startsWith(text)
                ? "…" + name.substring(text.length())
                : name;
    }
}
