package org.quantscope.app.export;

import java.util.List;
import java.util.Optional;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.SelectionMode;
import javafx.scene.control.Tooltip;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.input.KeyCombination;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/** A preview of the file to be written, with the lines of the selected tensor marked. */
final class FilePreview extends VBox {
    private static final double GAP = 8;
    private static final double LINE_HEIGHT = 18;
    private static final int LONGEST_LINE = 400;
    private static final int LINES_ABOVE = 2;
    private static final KeyCombination COPY = KeyCombination.valueOf("Shortcut+C");

    private final ComboBox<String> part = new ComboBox<>();
    private final Label previewHead = new Label();
    private final Button copy = new Button("_Copy");
    private final Button copyTensor = new Button("Copy this _tensor");
    private final ListView<String> preview = new ListView<>();
    private final Label previewNote = new Label();
    private Preview shown = Preview.NONE;
    private boolean updating;
    /** True if the user has scrolled since the preview was scrolled to the marked lines. */
    private boolean touched;

    FilePreview() {
        super(GAP);
        previewHead.getStyleClass().add("section-head");
        previewHead.setId("export-preview-head");
        part.setId("export-part");
        part.setAccessibleText("File of the preview");
        part.managedProperty().bind(part.visibleProperty());
        part.getSelectionModel().selectedIndexProperty().subscribe(x -> {
            if (!updating) {
                showPart();
            }
        });
        copy.setId("export-copy");
        copy.setMnemonicParsing(true);
        copy.setTooltip(new Tooltip("Copy the text to the clipboard; Ctrl+C in the text copies the chosen lines"));
        copy.setOnAction(e -> part().ifPresent(p -> copy(p.whole())));
        copyTensor.setId("export-copy-tensor");
        copyTensor.setTooltip(new Tooltip("Copy the marked lines to the clipboard"));
        copyTensor.setOnAction(e -> part().ifPresent(p -> copy(p.snippet())));
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        previewHead.setMinWidth(0);
        HBox previewBar = new HBox(GAP, previewHead, part, space, copyTensor, copy);
        previewBar.setAlignment(Pos.CENTER_LEFT);
        copy.setMinWidth(Region.USE_PREF_SIZE);
        copyTensor.setMinWidth(Region.USE_PREF_SIZE);
        preview.setId("export-preview");
        preview.getStyleClass().addAll("plain-list", "file-text");
        preview.setAccessibleText("What the file would hold");
        preview.setFixedCellSize(LINE_HEIGHT);
        preview.setCellFactory(list -> new LineCell());
        preview.getSelectionModel().setSelectionMode(SelectionMode.MULTIPLE);
        preview.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (COPY.match(e)) {
                copy(String.join("\n", preview.getSelectionModel().getSelectedItems()) + "\n");
                e.consume();
            }
        });
        preview.addEventFilter(ScrollEvent.SCROLL, e -> touched = true);
        preview.addEventFilter(MouseEvent.MOUSE_PRESSED, e -> touched = true);
        preview.heightProperty().subscribe(h -> {
            if (!touched) {
                toMarked();
            }
        });
        VBox.setVgrow(preview, Priority.ALWAYS);
        previewNote.setId("export-preview-note");
        previewNote.getStyleClass().add("hint");
        previewNote.setMinHeight(Region.USE_PREF_SIZE);
        getChildren().addAll(previewBar, preview, previewNote);
    }

    /** Shows the preview, or why there is none. */
    void show(TargetsState v) {
        updating = true;
        try {
            preview(v);
        } finally {
            updating = false;
        }
    }

    private static void copy(String text) {
        ClipboardContent content = new ClipboardContent();
        content.putString(text);
        Clipboard.getSystemClipboard().setContent(content);
    }

    private void preview(TargetsState v) {
        if (v.file().preview().equals(shown)) {
            note(v);
            return;
        }
        shown = v.file().preview();
        List<String> names = shown.parts().stream().map(Preview.Part::name).toList();
        if (!part.getItems().equals(names)) {
            part.getItems().setAll(names);
            part.getSelectionModel().selectFirst();
        }
        part.setVisible(names.size() > 1);
        showPart();
        note(v);
    }

    private Optional<Preview.Part> part() {
        int i = Math.max(0, part.getSelectionModel().getSelectedIndex());
        return i < shown.parts().size() ? Optional.of(shown.parts().get(i)) : Optional.empty();
    }

    private void showPart() {
        Optional<Preview.Part> p = part();
        previewHead.setText(
                part.isVisible() ? "FILE" : p.map(Preview.Part::name).orElse("FILE"));
        List<String> lines = p.map(Preview.Part::lines).orElse(List.of());
        if (!preview.getItems().equals(lines)) {
            preview.getItems().setAll(lines);
        }
        preview.refresh();
        boolean text = p.map(Preview.Part::text).orElse(false);
        boolean marked = p.map(x -> !x.marked().isEmpty()).orElse(false);
        copy.setDisable(!text);
        copyTensor.setDisable(!text || !marked);
        touched = false;
        toMarked();
    }

    /** Scrolls to the marked lines, also while the list is being resized. */
    private void toMarked() {
        // The list must be laid out before it can scroll to a line.
        preview.layout();
        part().filter(p -> !p.marked().isEmpty())
                .ifPresent(p -> preview.scrollTo(Math.max(0, p.marked().first() - LINES_ABOVE)));
    }

    private void note(TargetsState v) {
        Optional<Preview.Part> p = part();
        String tensor = v.file().selected().map(id -> id.name()).orElse("");
        previewNote.setText(v.file()
                .problem()
                .orElseGet(() -> p.isEmpty()
                        ? ""
                        : !p.get().text()
                                ? ""
                                : (p.get().marked().isEmpty()
                                                ? tensor + " is not in this file"
                                                : lines(p.get().marked().size()) + " for " + tensor)
                                        + (p.get().cut() ? "; only the beginning of the file is shown" : "")));
        previewNote.setManaged(!previewNote.getText().isEmpty());
        previewNote.setVisible(previewNote.isManaged());
    }

    private static String lines(int n) {
        return n == 1 ? "1 line" : n + " lines";
    }

    /** A line of the preview. */
    private final class LineCell extends ListCell<String> {
        @Override
        protected void updateItem(@Nullable String text, boolean empty) {
            super.updateItem(text, empty);
            getStyleClass().remove("marked");
            if (empty || text == null) {
                setText(null);
                return;
            }
            setText(text.length() > LONGEST_LINE ? text.substring(0, LONGEST_LINE) + " …" : text);
            if (part().map(p -> p.marked().contains(getIndex())).orElse(false)) {
                getStyleClass().add("marked");
            }
        }
    }
}
