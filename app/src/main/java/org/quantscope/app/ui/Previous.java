package org.quantscope.app.ui;

import javafx.css.PseudoClass;
import javafx.scene.Node;

/**
 * Dims what belongs to an earlier setting. A state and not a style class: a class that comes or goes styles the node and all
 * in it anew and lays them out, and this changes with every batch of an evaluation.
 */
public final class Previous {
    private static final PseudoClass STATE = PseudoClass.getPseudoClass("previous");

    private Previous() {}

    public static void mark(Node node, boolean previous) {
        node.pseudoClassStateChanged(STATE, previous);
    }
}
