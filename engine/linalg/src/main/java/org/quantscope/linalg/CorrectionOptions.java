package org.quantscope.linalg;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.quant.OptionDoc;

/** The options given to a correction, checked against those that it has. */
public record CorrectionOptions(Correction owner, Map<String, String> given) {
    /** @throws IllegalArgumentException naming an option that the correction does not have */
    public static CorrectionOptions of(Correction owner, Map<String, String> given) {
        for (String name : given.keySet()) {
            if (owner.options().stream().noneMatch(o -> o.name().equals(name))) {
                String known = owner.options().stream().map(OptionDoc::name).collect(Collectors.joining(", "));
                throw new IllegalArgumentException(owner.id() + " has no option " + name
                        + (known.isEmpty() ? ", it has none" : ", it has " + known));
            }
        }
        return new CorrectionOptions(owner, given);
    }

    private String text(OptionDoc option) {
        return given.getOrDefault(option.name(), option.defaultValue());
    }

    /** @throws IllegalArgumentException naming option and value if it is not a number from {@code min} to {@code max} */
    public double number(OptionDoc option, double min, double max) {
        String text = text(option);
        try {
            double value = Double.parseDouble(text);
            if (value >= min && value <= max && (!option.type().equals("int") || value == Math.rint(value))) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    owner.id() + "." + option.name() + ": a number is needed, got " + text, e);
        }
        throw new IllegalArgumentException(owner.id() + "." + option.name() + ": " + option.doc() + ", got " + text);
    }

    /** @throws IllegalArgumentException naming option and value if it is none of the choices */
    public String choice(OptionDoc option) {
        String text = text(option);
        List<String> choices =
                List.of(option.type().substring("choice:".length()).split("\\|"));
        if (!choices.contains(text)) {
            throw new IllegalArgumentException(owner.id() + "." + option.name() + ": one of "
                    + String.join(", ", choices) + " is needed, got " + text);
        }
        return text;
    }
}
