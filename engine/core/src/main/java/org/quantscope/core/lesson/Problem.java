package org.quantscope.core.lesson;

/**
 * Something that is wrong with a lesson.
 *
 * @param file its name
 * @param line from 1
 * @param why in one sentence, with the offending value
 */
public record Problem(String file, int line, String why) {
    @Override
    public String toString() {
        return file + ":" + line + ": " + why;
    }
}
