package org.quantscope.app.command;

import java.util.Locale;

/** How well typed characters fit a title. */
final class Fuzzy {
    private static final int MOST_GAP = 1000;

    private Fuzzy() {}

    /**
     * A rank, smaller is better: 0 for the title itself, 1 where it begins so, 2 where a word begins so, 3 for the
     * initials of its words, 4 where it holds the characters together, and from 5 on where it holds them in this order
     * with others between, fewer first; −1 if it does not.
     */
    static int rank(String typed, String title) {
        String t = typed.strip().toLowerCase(Locale.ROOT);
        String s = title.toLowerCase(Locale.ROOT);
        if (t.isEmpty()) {
            return 1;
        }
        if (s.equals(t)) {
            return 0;
        }
        if (s.startsWith(t)) {
            return 1;
        }
        StringBuilder initials = new StringBuilder();
        boolean word = false;
        for (int i = 0; i < s.length(); i++) {
            boolean letter = Character.isLetterOrDigit(s.charAt(i));
            if (letter && !word) {
                if (s.startsWith(t, i)) {
                    return 2;
                }
                initials.append(s.charAt(i));
            }
            word = letter;
        }
        if (initials.toString().startsWith(t)) {
            return 3;
        }
        if (s.contains(t)) {
            return 4;
        }
        int gaps = 0;
        int at = -1;
        for (int i = 0; i < t.length(); i++) {
            if (t.charAt(i) == ' ') {
                continue;
            }
            int next = s.indexOf(t.charAt(i), at + 1);
            if (next < 0) {
                return -1;
            }
            gaps += at < 0 ? 0 : next - at - 1;
            at = next;
        }
        return 5 + Math.min(gaps, MOST_GAP);
    }
}
