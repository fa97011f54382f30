package org.quantscope.core.io;

import java.util.List;
import java.util.stream.Collectors;

/** Words of a command line for a POSIX shell. */
public final class ShellWords {
    private ShellWords() {}

    /** A word in single quotes, unless it needs none. */
    public static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./:=,+-]+") ? word : '\'' + word.replace("'", "'\\''") + '\'';
    }

    /** The words in one line, each quoted as it needs. */
    public static String line(List<String> words) {
        return words.stream().map(ShellWords::quoted).collect(Collectors.joining(" "));
    }
}
