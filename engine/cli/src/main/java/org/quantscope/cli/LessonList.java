package org.quantscope.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.Lessons;
import org.quantscope.core.lesson.OwnLessons;

/**
 * The lessons that come with the program, and those of the person's own, in the same folder as in the window.
 *
 * @param folder of the person's own lessons; need not exist
 */
record LessonList(Path folder) {
    /** @param state of the program */
    static LessonList in(Path state) {
        return new LessonList(state.resolve("lessons"));
    }

    private List<OwnLessons.Found> own() {
        return OwnLessons.in(folder);
    }

    /** The folder of a lesson of the person's own, by its id or by the name of its folder. */
    Optional<Path> own(String id) {
        return own().stream()
                .filter(f -> f.name().equals(id)
                        || f.lesson().filter(l -> l.id().equals(id)).isPresent())
                .map(OwnLessons.Found::folder)
                .findFirst();
    }

    /** The ids that {@code lesson run} takes. */
    List<String> ids() {
        return Stream.concat(
                        Lessons.bundled().stream().map(Lesson::id),
                        own().stream().map(f -> f.lesson().map(Lesson::id).orElse(f.name())))
                .toList();
    }

    /**
     * Each lesson as {@code {id, title, minutes}}; one of the person's own with its {@code folder}. One that is broken has
     * the name of its folder as id, no title and minutes, and {@code problem}.
     */
    List<Json> json() {
        List<Json> all = new ArrayList<>();
        Lessons.bundled().forEach(l -> all.add(json(l)));
        own().forEach(found -> {
            Json json = found.lesson()
                    .map(LessonList::json)
                    .orElseGet(() -> new Json().put("id", found.name()).put("problem", found.problem()));
            all.add(json.put("folder", found.folder().toString()));
        });
        return all;
    }

    private static Json json(Lesson lesson) {
        return new Json().put("id", lesson.id()).put("title", lesson.title()).put("minutes", lesson.minutes());
    }

    void print(Terminal terminal) {
        Table table = new Table("id", "title", ">minutes");
        Lessons.bundled().forEach(l -> table.row(l.id(), l.title(), Integer.toString(l.minutes())));
        table.print(terminal);
        List<OwnLessons.Found> own = own();
        if (own.isEmpty()) {
            return;
        }
        terminal.out().println();
        terminal.out().println("Your own, in " + folder + ":");
        Table yours = new Table("id", "title", ">minutes");
        own.forEach(found -> found.lesson()
                .ifPresentOrElse(
                        l -> yours.row(l.id(), l.title(), Integer.toString(l.minutes())),
                        () -> yours.row(found.name(), "broken: " + found.problem(), "")));
        yours.print(terminal);
    }
}
