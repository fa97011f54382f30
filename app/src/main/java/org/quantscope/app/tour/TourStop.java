package org.quantscope.app.tour;

import java.util.List;

/** A part of the window that the tour shows, in the order of the tour: from a tensor to the file for a device. */
public enum TourStop {
    TENSORS(
            "Tensors",
            "Every weight and activation of the model, with what quantizing it costs: the one that you choose here is"
                    + " shown beside.",
            "↑ ↓",
            "choose the next tensor",
            "list of tensors"),
    HISTOGRAM(
            "Values and range",
            "The bars are the tensor's values: drag the handles, and what lies outside is clipped while what lies"
                    + " between is rounded to the nearest level.",
            "← →",
            "move the handle that has the keyboard",
            "histogram"),
    CURVE(
            "Error against clip",
            "What every range would cost, clipping on the left and rounding on the right: the lowest point is the best,"
                    + " and each pin is the choice of a calibrator.",
            "Space",
            "on a pin: take its range",
            "error against the clip"),
    ERROR(
            "Error of this tensor",
            "How far the quantized values lie from the true ones, and whether clipping or rounding is to blame, while"
                    + " you drag.",
            "F1",
            "explain a figure",
            "error of this tensor"),
    ACCURACY(
            "Accuracy",
            "What the model still gets right with all that you chose, beside the float model, evaluated anew after"
                    + " every change.",
            "Ctrl+Shift+O",
            "choose the data",
            "accuracy of the model"),
    EXPORT(
            "Export",
            "When you are content, take the settings away: as a quantized model, or as a file for another tool.",
            "Ctrl+E",
            "export",
            "export target");

    private static final List<TourStop> ORDER = List.of(values());

    private final String title;
    private final String sentence;
    private final String keys;
    private final String does;
    private final String term;

    TourStop(String title, String sentence, String keys, String does, String term) {
        this.title = title;
        this.sentence = sentence;
        this.keys = keys;
        this.does = does;
        this.term = term;
    }

    public String title() {
        return title;
    }

    /** What the part is for, in one sentence. */
    public String sentence() {
        return sentence;
    }

    /** The keys of the part, as they are named in the window. */
    public String keys() {
        return keys;
    }

    /** What the keys do. */
    public String does() {
        return does;
    }

    /** The entry of the glossary that explains the part. */
    public String term() {
        return term;
    }

    /** The place in the tour, from 1. */
    public int number() {
        return ORDER.indexOf(this) + 1;
    }

    /** How many stops the tour has. */
    public static int count() {
        return ORDER.size();
    }

    boolean first() {
        return number() == 1;
    }

    /** The stop after this one; the last one is followed by itself. */
    TourStop next() {
        return last() ? this : ORDER.get(number());
    }

    /** The stop before this one; the first one is preceded by itself. */
    TourStop before() {
        return first() ? this : ORDER.get(number() - 2);
    }

    /** Where the tour begins. */
    static TourStop begin() {
        return ORDER.getFirst();
    }

    boolean last() {
        return number() == count();
    }

    /** All that a card says, for a screen reader. */
    String spoken() {
        return "Tour, " + number() + " of " + count() + ": " + title + ". " + sentence + " " + keys + ": " + does + ".";
    }
}
