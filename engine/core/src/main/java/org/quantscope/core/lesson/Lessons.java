package org.quantscope.core.lesson;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The lessons that come with the program, in their order; {@code lessons/index.txt} among the resources lists them. */
public final class Lessons {
    private static final String FOLDER = "lessons/";

    private static final class Bundled {
        static final List<Lesson> ALL = load();
    }

    private Lessons() {}

    /** All of them, read at the first call. */
    public static List<Lesson> bundled() {
        return Bundled.ALL;
    }

    public static Optional<Lesson> byId(String id) {
        return bundled().stream().filter(l -> l.id().equals(id)).findFirst();
    }

    private static List<Lesson> load() {
        List<Lesson> lessons = new ArrayList<>();
        for (String id : text("index.txt").lines().toList()) {
            String file = id + "/" + LessonReader.FILE;
            LessonReader.Read read = LessonReader.parse(file, text(file));
            lessons.add(read.lesson()
                    .filter(l -> l.id().equals(id))
                    .orElseThrow(() -> new IllegalStateException("lesson " + id + " of the program: "
                            + (read.problems().isEmpty() ? "has another id" : read.problems()))));
        }
        return List.copyOf(lessons);
    }

    private static String text(String file) {
        try (InputStream in = Objects.requireNonNull(Lessons.class.getResourceAsStream(FOLDER + file), file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
