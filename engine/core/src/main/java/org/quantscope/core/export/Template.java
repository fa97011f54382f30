package org.quantscope.core.export;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text with places such as {@code @MODEL@}, filled in one pass: what is inserted is never looked through for places
 * again. What comes from a model or a file's name is inserted as a literal of the text's language, or without line
 * breaks in a comment ({@link Python}).
 */
final class Template {
    private static final Pattern PLACE = Pattern.compile("@([A-Z]+)@");

    private Template() {}

    /**
     * Fills every place of the template.
     *
     * @param values by the names of the places, without {@code @}
     * @throws IllegalArgumentException if a place has no value, or a value no place
     */
    static String fill(String template, Map<String, String> values) {
        Set<String> unused = new HashSet<>(values.keySet());
        StringBuilder text = new StringBuilder();
        Matcher places = PLACE.matcher(template);
        while (places.find()) {
            String value = values.get(places.group(1));
            if (value == null) {
                throw new IllegalArgumentException("no value for the place " + places.group());
            }
            unused.remove(places.group(1));
            places.appendReplacement(text, Matcher.quoteReplacement(value));
        }
        if (!unused.isEmpty()) {
            throw new IllegalArgumentException("no place for the values " + unused);
        }
        return places.appendTail(text).toString();
    }
}
