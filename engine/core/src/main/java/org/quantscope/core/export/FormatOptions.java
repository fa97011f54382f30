package org.quantscope.core.export;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.quantscope.core.quant.OptionDoc;

/** The options given to an exporter; each is one that it has. */
record FormatOptions(Exporter owner, Map<String, String> given) {
    private static final String CHOICE = "choice:";
    private static final Pattern WHOLE = Pattern.compile("-?[0-9]{1,9}");

    /** @throws IllegalArgumentException naming an option that the exporter does not have */
    static FormatOptions of(Exporter owner, Map<String, String> given) {
        for (String name : given.keySet()) {
            if (owner.options().stream().noneMatch(o -> o.name().equals(name))) {
                String known = owner.options().stream().map(OptionDoc::name).collect(Collectors.joining(", "));
                throw new IllegalArgumentException("format." + owner.id() + ": no option " + name
                        + (known.isEmpty() ? ", it has none" : ", it has " + known));
            }
        }
        return new FormatOptions(owner, given);
    }

    String text(OptionDoc option) {
        return given.getOrDefault(option.name(), option.defaultValue());
    }

    /**
     * The value of a text option, which must match a pattern.
     *
     * @param form the pattern in words, such as {@code a whole number}
     * @throws IllegalArgumentException naming option, form and value if the value does not match
     */
    String matching(OptionDoc option, Pattern pattern, String form) {
        String text = text(option);
        if (!pattern.matcher(text).matches()) {
            throw refused(option, text, form);
        }
        return text;
    }

    /**
     * The value of an option with choices.
     *
     * @throws IllegalArgumentException naming option and value if the value is not one of the choices in the option's
     *     type
     */
    String choice(OptionDoc option) {
        List<String> choices = List.of(option.type().substring(CHOICE.length()).split("\\|"));
        String text = text(option);
        if (!choices.contains(text)) {
            throw refused(option, text, String.join(" or ", choices));
        }
        return text;
    }

    /** @throws IllegalArgumentException naming the first option whose value is not of its type */
    void checkTypes() {
        owner.options().forEach(this::checkType);
    }

    private void checkType(OptionDoc option) {
        if (option.type().startsWith(CHOICE)) {
            choice(option);
        } else if (option.type().equals("int")) {
            matching(option, WHOLE, "a whole number");
        } else if (option.type().equals("bool") && !text(option).matches("true|false")) {
            throw refused(option, text(option), "true or false");
        }
    }

    private IllegalArgumentException refused(OptionDoc option, String text, String wanted) {
        return new IllegalArgumentException(
                "format." + owner.id() + "." + option.name() + ": " + wanted + " is needed, got " + text);
    }
}
