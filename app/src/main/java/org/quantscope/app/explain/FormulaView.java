package org.quantscope.app.explain;

import java.util.List;
import javafx.geometry.Orientation;
import javafx.geometry.VPos;
import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.Region;
import javafx.scene.shape.Polyline;
import javafx.scene.text.Text;

/** A formula laid out: fractions with a line, roots with a sign, powers raised. A long one goes on in the next line. */
public final class FormulaView extends FlowPane {
    private static final double GAP = 5;
    private static final double SIZE = 15;
    private static final double SMALLER = 0.78;

    /** @param text as the glossary writes formulas */
    public FormulaView(String text) {
        super(Orientation.HORIZONTAL, GAP, GAP);
        getStyleClass().add("formula");
        setRowValignment(VPos.BASELINE);
        setAccessibleRole(AccessibleRole.TEXT);
        setAccessibleText(text);
        Formula formula = Formula.of(text);
        List<Formula> parts = formula instanceof Formula.Row row ? row.parts() : List.of(formula);
        parts.forEach(part -> getChildren().add(node(part, SIZE)));
    }

    private static Node node(Formula formula, double size) {
        return switch (formula) {
            case Formula.Words words -> words(words.text(), size);
            case Formula.Row row -> {
                double gap = isBracketed(row) || isTight(row) ? 0 : GAP * size / SIZE;
                yield new RowBox(row.parts().stream().map(p -> node(p, size)).toList(), gap, size);
            }
            case Formula.Fraction f -> new FractionBox(node(f.over(), size * 0.95), node(f.under(), size * 0.95), size);
            case Formula.Root r -> new RootBox(node(r.of(), size), size);
            case Formula.Script s -> new ScriptBox(node(s.of(), size), node(s.script(), size * SMALLER), s.up(), size);
        };
    }

    private static boolean isBracketed(Formula.Row row) {
        return row.parts().getFirst() instanceof Formula.Words w && "([{⌈⌊".contains(w.text());
    }

    /** Parts of one word stand close together; parts with operators do not. */
    private static boolean isTight(Formula.Row row) {
        return row.parts().stream()
                        .anyMatch(p -> (p instanceof Formula.Row inner
                                        && !inner.parts().isEmpty()
                                        && isBracketed(inner))
                                || p instanceof Formula.Root
                                || (p instanceof Formula.Words w && w.text().startsWith("Σ")))
                && row.parts().stream().noneMatch(p -> p instanceof Formula.Words w && "=+−·→←≈".contains(w.text()));
    }

    private static Text words(String words, double size) {
        Text text = new Text(words);
        text.getStyleClass().add("formula-text");
        text.setStyle("-fx-font-size: " + size + "px");
        return text;
    }

    /** A part that knows where its base line is. */
    private abstract static class Laid extends Region {
        final double size;

        Laid(double size, Node... parts) {
            this.size = size;
            getChildren().addAll(parts);
            setMinSize(USE_PREF_SIZE, USE_PREF_SIZE);
        }

        /** The base line of a part, from its top. */
        static double base(Node node) {
            double base = node.getBaselineOffset();
            return base == BASELINE_OFFSET_SAME_AS_HEIGHT ? node.prefHeight(-1) : base;
        }

        static void put(Node node, double x, double y) {
            node.resizeRelocate(x, y, node.prefWidth(-1), node.prefHeight(-1));
        }
    }

    /** Parts side by side on one base line. */
    private static final class RowBox extends Laid {
        private final List<Node> parts;
        private final double gap;

        RowBox(List<Node> parts, double gap, double size) {
            super(size, parts.toArray(Node[]::new));
            this.parts = parts;
            this.gap = gap;
        }

        @Override
        protected double computePrefWidth(double height) {
            return parts.stream().mapToDouble(p -> p.prefWidth(-1)).sum() + gap * Math.max(0, parts.size() - 1);
        }

        @Override
        protected double computePrefHeight(double width) {
            return getBaselineOffset()
                    + parts.stream()
                            .mapToDouble(p -> p.prefHeight(-1) - base(p))
                            .max()
                            .orElse(0);
        }

        @Override
        public double getBaselineOffset() {
            return parts.stream().mapToDouble(Laid::base).max().orElse(0);
        }

        @Override
        protected void layoutChildren() {
            double x = 0;
            for (Node part : parts) {
                put(part, x, getBaselineOffset() - base(part));
                x += part.prefWidth(-1) + gap;
            }
        }
    }

    private static final class FractionBox extends Laid {
        private static final double SIDE = 3;

        private final Node over;
        private final Node under;
        private final Region line = new Region();

        FractionBox(Node over, Node under, double size) {
            super(size);
            this.over = over;
            this.under = under;
            line.getStyleClass().add("formula-line");
            getChildren().addAll(over, line, under);
        }

        @Override
        protected double computePrefWidth(double height) {
            return Math.max(over.prefWidth(-1), under.prefWidth(-1)) + 2 * SIDE;
        }

        @Override
        protected double computePrefHeight(double width) {
            return over.prefHeight(-1) + under.prefHeight(-1) + 3;
        }

        @Override
        public double getBaselineOffset() {
            // The line lies at the height of a minus sign.
            return over.prefHeight(-1) + 1 + 0.32 * size;
        }

        @Override
        protected void layoutChildren() {
            double w = getWidth();
            put(over, (w - over.prefWidth(-1)) / 2, 0);
            line.resizeRelocate(0, over.prefHeight(-1) + 1, w, 1);
            put(under, (w - under.prefWidth(-1)) / 2, over.prefHeight(-1) + 3);
        }
    }

    private static final class RootBox extends Laid {
        private static final double SIGN = 0.6;

        private final Node of;
        private final Polyline sign = new Polyline();

        RootBox(Node of, double size) {
            super(size);
            this.of = of;
            sign.getStyleClass().add("formula-root");
            getChildren().addAll(sign, of);
        }

        @Override
        protected double computePrefWidth(double height) {
            return SIGN * size + of.prefWidth(-1) + 3;
        }

        @Override
        protected double computePrefHeight(double width) {
            return of.prefHeight(-1) + 3;
        }

        @Override
        public double getBaselineOffset() {
            return base(of) + 3;
        }

        @Override
        protected void layoutChildren() {
            double h = getHeight();
            double x = SIGN * size;
            put(of, x, 3);
            sign.getPoints()
                    .setAll(0.0, h * 0.6, x * 0.3, h * 0.55, x * 0.55, h - 1.5, x - 1, 1.5, getWidth() - 0.5, 1.5);
        }
    }

    private static final class ScriptBox extends Laid {
        private static final double SHIFT = 0.4;

        private final Node of;
        private final Node script;
        private final boolean up;

        ScriptBox(Node of, Node script, boolean up, double size) {
            super(size, of, script);
            this.of = of;
            this.script = script;
            this.up = up;
        }

        private double rise() {
            return up ? SHIFT * size : 0;
        }

        /** Where the script begins, from the top. */
        private double scriptTop() {
            return rise() + base(of) + (up ? -1 : 1) * SHIFT * size * (up ? 1 : 0.5) - base(script);
        }

        @Override
        protected double computePrefWidth(double height) {
            return of.prefWidth(-1) + script.prefWidth(-1);
        }

        @Override
        protected double computePrefHeight(double width) {
            return Math.max(rise() + of.prefHeight(-1), scriptTop() + script.prefHeight(-1));
        }

        @Override
        public double getBaselineOffset() {
            return rise() + base(of);
        }

        @Override
        protected void layoutChildren() {
            put(of, 0, rise());
            put(script, of.prefWidth(-1), Math.max(0, scriptTop()));
        }
    }
}
