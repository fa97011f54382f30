package org.quantscope.app.export;

import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Finds the lines of a file's text that belong to one tensor: each line that names it, with the bracketed block that
 * this line opens, or with the whole object in which the name is a value.
 */
final class TensorLines {
    private static final Pattern STRING = Pattern.compile("\"(\\\\.|[^\"\\\\])*\"");
    private static final Pattern MEMBER = Pattern.compile("^\\s*\"\\w+\"\\s*:\\s*\"$");
    private static final String OPENING = "{[(";
    private static final String CLOSING = "}])";
    private static final int LONGEST_BLOCK = 50_000;

    private final List<String> lines;
    private final SortedSet<Integer> found = new TreeSet<>();

    private TensorLines(List<String> lines) {
        this.lines = lines;
    }

    /**
     * Indices of the lines, counted from 0, in order; empty if no line names the tensor. If no line has the exact name,
     * the name is searched in the form of an identifier.
     */
    static SortedSet<Integer> of(List<String> lines, String name) {
        TensorLines search = new TensorLines(lines);
        search.find(name, false);
        String identifier = name.replaceAll("[^A-Za-z0-9]", "_");
        if (search.found.isEmpty() && !identifier.equals(name)) {
            search.find(identifier, false);
        }
        if (search.found.isEmpty()) {
            search.find(identifier, true);
        }
        return Collections.unmodifiableSortedSet(search.found);
    }

    private void find(String name, boolean mayGoOn) {
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            for (int at = line.indexOf(name); at >= 0; at = line.indexOf(name, at + 1)) {
                if (standsAlone(line, at, at + name.length(), mayGoOn)) {
                    take(i, line.substring(0, at));
                    break;
                }
            }
        }
    }

    /**
     * True if the match is a whole name and no part of a longer one.
     *
     * @param mayGoOn whether a suffix such as {@code _scale} may follow
     */
    private static boolean standsAlone(String line, int from, int to, boolean mayGoOn) {
        if (from > 0 && isPart(line.charAt(from - 1))) {
            return false;
        }
        if (to == line.length()) {
            return true;
        }
        char next = line.charAt(to);
        boolean sentence = (next == '.' || next == ':') && (to + 1 == line.length() || !isPart(line.charAt(to + 1)));
        return (mayGoOn && next == '_') || sentence || !isPart(next);
    }

    private static boolean isPart(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '/' || c == '-' || c == '.' || c == ':';
    }

    private void take(int line, String before) {
        String bare = bare(line).stripTrailing();
        int from = line;
        int to = line;
        if (!bare.isEmpty() && OPENING.indexOf(bare.charAt(bare.length() - 1)) >= 0) {
            to = end(line, line + 1);
        } else if (MEMBER.matcher(before).matches()) {
            int opener = start(line);
            if (opener > 0) {
                from = opener;
                to = end(line, line);
            }
        }
        for (int i = from; i <= to; i++) {
            found.add(i);
        }
    }

    /** The line that closes the bracket that is open before line {@code from}; {@code line} if none does. */
    private int end(int line, int from) {
        int open = 1;
        for (int i = from; i < Math.min(lines.size(), line + LONGEST_BLOCK); i++) {
            String bare = bare(i);
            for (int k = 0; k < bare.length(); k++) {
                open += OPENING.indexOf(bare.charAt(k)) >= 0 ? 1 : CLOSING.indexOf(bare.charAt(k)) >= 0 ? -1 : 0;
                if (open == 0) {
                    return i;
                }
            }
        }
        return line;
    }

    /** The line above that opens the bracket around {@code line}; −1 if there is none. */
    private int start(int line) {
        int closed = 0;
        for (int i = line - 1; i >= Math.max(0, line - LONGEST_BLOCK); i--) {
            String bare = bare(i);
            for (int k = bare.length() - 1; k >= 0; k--) {
                if (CLOSING.indexOf(bare.charAt(k)) >= 0) {
                    closed++;
                } else if (OPENING.indexOf(bare.charAt(k)) >= 0 && closed-- == 0) {
                    return i;
                }
            }
        }
        return -1;
    }

    private String bare(int line) {
        return STRING.matcher(lines.get(line)).replaceAll("");
    }
}
