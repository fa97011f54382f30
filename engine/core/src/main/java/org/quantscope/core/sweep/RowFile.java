package org.quantscope.core.sweep;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.json.StrictJson;

/** Reads a file of rows line by line. A last line without its end is left out. */
final class RowFile {
    private RowFile() {}

    /** Takes one line. */
    @FunctionalInterface
    interface Line {
        /**
         * @param line its number, from 1
         * @param text without its end
         * @param end the offset behind it
         */
        void take(int line, byte[] text, long end) throws IOException;
    }

    static void forEach(Path file, int most, Line each) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            int line = 1;
            long at = 0;
            for (int b = in.read(); b >= 0; b = in.read()) {
                at++;
                if (b == '\n') {
                    each.take(line++, text.toByteArray(), at);
                    text.reset();
                } else if (text.size() == most) {
                    throw new BadInputException(file, "line " + line, "is longer than " + most + " bytes");
                } else {
                    text.write(b);
                }
            }
        }
    }

    /** What a row says of its point. */
    record Head(int point, String key, boolean refused) {}

    /** @throws BadInputException if the line is no row */
    static Head head(Path file, int line, byte[] text) throws IOException {
        int[] point = {-1};
        @Nullable String[] key = {null};
        boolean[] refused = {false};
        try {
            StrictJson.read(file, text, json -> {
                json.object(name -> {
                    switch (name) {
                        case "point" -> point[0] = json.integer(0, Integer.MAX_VALUE);
                        case "key" -> key[0] = json.string();
                        case "refused" -> {
                            json.string();
                            refused[0] = true;
                        }
                        default -> json.skip();
                    }
                });
                return point;
            });
        } catch (BadInputException e) {
            throw new BadInputException(file, "line " + line, e.field() + ": is no row of a sweep", e);
        }
        String text0 = key[0];
        if (point[0] < 0 || text0 == null) {
            throw new BadInputException(file, "line " + line, "point and key are needed");
        }
        return new Head(point[0], text0, refused[0]);
    }
}
