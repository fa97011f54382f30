package org.quantscope.app.window;

import java.util.List;
import javafx.geometry.HPos;
import javafx.geometry.Insets;
import javafx.geometry.VPos;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.Label;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.Region;

/** The list of keyboard shortcuts. */
final class KeysDialog extends Dialog<ButtonType> {
    private record Key(String keys, String does) {}

    private static final double GAP = 24;
    private static final double LINE = 6;
    /** Greatest width of the words beside the keys in pixels; longer ones are wrapped. */
    private static final double WORDS = 440;

    private static final List<Key> KEYS = List.of(
            new Key("Ctrl+O", "open a model or a session"),
            new Key("Ctrl+Shift+O", "data and its preprocessing"),
            new Key("Ctrl+S, Ctrl+Shift+S", "save the session, save it as"),
            new Key("Ctrl+Shift+W", "where will it run: from a model to a file in four steps"),
            new Key("Ctrl+E", "export"),
            new Key("Ctrl+R", "write a report"),
            new Key("Ctrl+J", "calibration data: is it good enough, and which samples are odd"),
            new Key("Ctrl+D", "compare with a deployed model: where the two part, and why"),
            new Key("Ctrl+M", "improve: equalization, ranges, rounding and bits in one go"),
            new Key("Ctrl+B", "mixed precision: spend a bit budget"),
            new Key("Ctrl+I", "import the ranges of another tool's file"),
            new Key("Ctrl+Z, Ctrl+Y", "undo, redo"),
            new Key("Ctrl+H", "the history of edits; Enter goes to one"),
            new Key("Ctrl+Shift+D", "compare a snapshot with what is in hand, or with another"),
            new Key("Ctrl+Shift+T", "take a snapshot of the settings"),
            new Key("Enter, F2, Delete", "on a snapshot: go back to it, rename it, remove it"),
            new Key("Ctrl+C", "on a chart: copy it, as a picture, as SVG and as numbers at once"),
            new Key("Ctrl+F", "filter the tensors"),
            new Key("Ctrl+T", "light or dark"),
            new Key("Ctrl+1, Ctrl+2, …", "the pages under the curve"),
            new Key("Alt++, Alt+−, Alt+0", "show fewer, more or all of the tensor's values; on a plot also the wheel"),
            new Key("↑ ↓", "in the list: select the next tensor"),
            new Key("S, Shift+S", "in the list: sort by the next column, turn the order round"),
            new Key("Menu, Shift+F10", "in the list or on the graph: what to do with the chosen tensors"),
            new Key("← →, Esc", "on the channels or blocks: select the next one, all of them"),
            new Key(
                    "← → ↑ ↓, + −, 0, Home",
                    "on the graph: move it, zoom, show all, go to the selected tensor; Shift+↑ ↓ select the one before"
                            + " or after it"),
            new Key("← →", "on a handle: move it by a pixel; with Shift by ten, with Ctrl by a tenth"),
            new Key("Home, End", "on a handle: to the end of the values"),
            new Key("← →, Enter", "on the bit budget: to the next mixture, give the weights its bits"),
            new Key("Esc", "take a drag or a typed value back"),
            new Key("Enter", "take a typed value over"),
            new Key("Ctrl++, Ctrl+−, Ctrl+0", "show everything larger, smaller, as designed"),
            new Key("F8, F9", "the left column, the right column: show or hide"),
            new Key("Ctrl+G", "put a value under the glass: its code, bits and error, step by step"),
            new Key("Page Up, Page Down", "in a lesson and in the tour: the step before, the next step"),
            new Key("F6, Enter", "in a lesson: to the handle of the range and back, give the answer"),
            new Key(
                    "F1",
                    "explain the control that has the keyboard; a right click explains what is under the pointer"),
            new Key("Shift+F1", "mark all that can be explained; a click explains it, Esc ends"),
            new Key("Ctrl+K", "find anything: actions, tensors, calibrators, lessons, terms"),
            new Key("Ctrl+Shift+K", "this list"));

    KeysDialog() {
        setTitle("Keys");
        setHeaderText("Keys");
        getDialogPane().getStyleClass().add("wide");
        GridPane grid = new GridPane(GAP, LINE);
        grid.setId("keys-list");
        grid.getStyleClass().add("keys");
        grid.setPadding(new Insets(LINE));
        for (int i = 0; i < KEYS.size(); i++) {
            Label keys = new Label(KEYS.get(i).keys);
            keys.getStyleClass().add("number");
            keys.setMinWidth(Region.USE_PREF_SIZE);
            GridPane.setValignment(keys, VPos.TOP);
            GridPane.setHalignment(keys, HPos.LEFT);
            Label does = new Label(KEYS.get(i).does);
            does.setWrapText(true);
            does.setMaxWidth(WORDS);
            does.setMinHeight(Region.USE_PREF_SIZE);
            grid.addRow(i, keys, does);
        }
        getDialogPane().setContent(grid);
        getDialogPane().getButtonTypes().add(ButtonType.CLOSE);
    }
}
