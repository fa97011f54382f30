package org.quantscope.core.calib;

import java.util.Map;
import java.util.stream.Collectors;
import org.quantscope.core.quant.OptionDoc;

/** The options given to a calibrator; each is one that it has. */
record Options(Calibrator owner, Map<String, String> given) {
    /** @throws IllegalArgumentException naming an option that the calibrator does not have */
    static Options of(Calibrator owner, Map<String, String> given) {
        for (String name : given.keySet()) {
            if (owner.options().stream().noneMatch(o -> o.name().equals(name))) {
                String known = owner.options().stream().map(OptionDoc::name).collect(Collectors.joining(", "));
                throw new IllegalArgumentException("calibrator." + owner.id() + ": no option " + name
                        + (known.isEmpty() ? ", it has none" : ", it has " + known));
            }
        }
        return new Options(owner, given);
    }

    /** @throws IllegalArgumentException naming option and value if the value is not a number from {@code min} to {@code max} */
    double number(OptionDoc option, double min, double max) {
        String text = given.getOrDefault(option.name(), option.defaultValue());
        try {
            double value = Double.parseDouble(text);
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "calibrator." + owner.id() + "." + option.name() + ": a number is needed, got " + text, e);
        }
        throw new IllegalArgumentException("calibrator." + owner.id() + "." + option.name() + ": " + min + " to " + max
                + " is needed, got " + text);
    }
}
