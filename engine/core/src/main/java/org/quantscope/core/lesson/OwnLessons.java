package org.quantscope.core.lesson;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;

/** Lessons of a person's own, in a folder with a folder for each. */
public final class OwnLessons {
    /** More are not looked at. */
    private static final int MOST = 100;

    private OwnLessons() {}

    /**
     * A folder that holds a lesson, whole or broken.
     *
     * @param problems what is wrong with it; empty if there is a lesson
     */
    public record Found(Path folder, Optional<Lesson> lesson, List<Problem> problems) {
        public Found {
            problems = List.copyOf(problems);
        }

        /** The name of the folder. */
        public String name() {
            return String.valueOf(folder.getFileName());
        }

        /** The first problem without the folder, and how many more there are: {@code line 4: why; and 2 more}. */
        public String problem() {
            if (problems.isEmpty()) {
                return "";
            }
            Problem first = problems.getFirst();
            int more = problems.size() - 1;
            return "line " + first.line() + ": " + first.why() + (more == 0 ? "" : "; and " + more + " more");
        }
    }

    /** The lessons in a folder, by the names of their folders; none if the folder cannot be read. */
    public static List<Found> in(Path folder) {
        List<Path> folders;
        try (Stream<Path> inside = Files.list(folder)) {
            folders = inside.filter(f -> Files.isRegularFile(f.resolve(LessonReader.FILE)))
                    .sorted()
                    .limit(MOST)
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
        List<Found> all = new ArrayList<>();
        for (Path one : folders) {
            all.add(read(one));
        }
        return all;
    }

    private static Found read(Path folder) {
        try {
            LessonReader.Read read = LessonReader.read(folder);
            return new Found(folder, read.lesson(), read.problems());
        } catch (BadInputException | IOException e) {
            String file = folder.resolve(LessonReader.FILE).toString();
            return new Found(folder, Optional.empty(), List.of(new Problem(file, 1, String.valueOf(e.getMessage()))));
        }
    }
}
