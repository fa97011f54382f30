package org.quantscope.core.lesson;

import java.util.LinkedHashMap;
import java.util.Map;
import org.quantscope.core.figure.Figure;
import org.quantscope.core.figure.Figures;
import org.quantscope.core.tensor.NearNames;

/**
 * A figure of the present settings, or of settings that differ from them: {@code mse}, {@code mse with calibrator=mse},
 * {@code accuracy with weights.bits=4}. Settings behind {@code with} are those of the selected tensor, or of all weights
 * if their name begins with {@code weights.}.
 *
 * @param figure what is computed
 * @param selected change of the selected tensor
 * @param weights change of all weights
 */
record Quantity(Figure figure, SpecChange selected, SpecChange weights) {
    private static final String WITH = " with ";
    private static final String ALL = "weights.";

    /** @throws IllegalArgumentException naming what is not known */
    static Quantity parse(String text) {
        String spaced = text.strip().replaceAll("\\s+", " ");
        int with = spaced.indexOf(WITH);
        String id = with < 0 ? spaced : spaced.substring(0, with);
        Figure figure = Figures.byId(id)
                .orElseThrow(() -> new IllegalArgumentException("\"" + id
                        + "\" is no figure; near: "
                        + String.join(
                                ", ",
                                NearNames.of(
                                        id,
                                        Figures.all().stream().map(Figure::id).toList(),
                                        3))
                        + "; quantscope list figures has all"));
        Map<String, String> selected = new LinkedHashMap<>();
        Map<String, String> weights = new LinkedHashMap<>();
        if (with >= 0) {
            // A clip has a comma of its own, so settings are parted by commas that a name follows.
            for (String pair : spaced.substring(with + WITH.length()).split(",\\s*(?=[a-z.-]+=)", -1)) {
                String[] keyValue = pair.split("=", 2);
                if (keyValue.length != 2) {
                    throw new IllegalArgumentException("with: name=value is needed, got \"" + pair + "\"");
                }
                if (keyValue[0].startsWith(ALL)) {
                    weights.put(keyValue[0].substring(ALL.length()), keyValue[1].strip());
                } else {
                    selected.put(keyValue[0], keyValue[1].strip());
                }
            }
        }
        return new Quantity(figure, new SpecChange(selected), new SpecChange(weights));
    }

    boolean asIs() {
        return selected.settings().isEmpty() && weights.settings().isEmpty();
    }
}
