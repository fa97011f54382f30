package org.quantscope.core.tensor;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Names close to one that was not found, for messages. */
public final class NearNames {
    private NearNames() {}

    /**
     * The names of {@code known} nearest to {@code wanted}, best first: first those that contain it or are contained in
     * it, ignoring case, then by Levenshtein distance, then by name. Names are compared on their first 200 characters.
     *
     * @param limit the most names to return
     */
    public static List<String> of(String wanted, Collection<String> known, int limit) {
        record Near(String name, int distance) {}
        String w = fold(wanted);
        return known.stream()
                .distinct()
                .map(name -> {
                    String n = fold(name);
                    int bonus = !w.isEmpty() && (n.contains(w) || w.contains(n)) ? 1000 : 0;
                    return new Near(name, distance(w, n) - bonus);
                })
                .sorted(Comparator.comparingInt(Near::distance).thenComparing(Near::name))
                .limit(limit)
                .map(Near::name)
                .toList();
    }

    private static String fold(String name) {
        return (name.length() > 200 ? name.substring(0, 200) : name).toLowerCase(Locale.ROOT);
    }

    /** Levenshtein distance: single-character insertions, deletions and replacements. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
