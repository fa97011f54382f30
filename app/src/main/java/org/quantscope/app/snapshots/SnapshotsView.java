package org.quantscope.app.snapshots;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Pos;
import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ContentDisplay;
import javafx.scene.control.ContextMenu;
import javafx.scene.control.Label;
import javafx.scene.control.MenuItem;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.Tooltip;
import javafx.scene.input.ContextMenuEvent;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.quantscope.app.snapshots.SnapshotsViewModel.Bar;
import org.quantscope.app.snapshots.SnapshotsViewModel.Kept;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.session.Snapshot;
import org.quantscope.core.session.SnapshotScore;

/** The strip of snapshots: a card for each, with name, size, score and a thumbnail of the list of tensors. */
public final class SnapshotsView extends ScrollPane {
    private static final double GAP = 8;
    private static final double CARD_WIDTH = 172;
    private static final double THUMBNAIL_WIDTH = 40;
    private static final double THUMBNAIL_HEIGHT = 44;
    private static final int FULL_BITS = 8;

    /** What a person can ask for that needs more than the strip. */
    public interface Asked {
        /** Compares a snapshot with the settings in hand. */
        void compare(Snapshot snapshot);

        /** Lets the user type another name. */
        void rename(Snapshot snapshot);
    }

    private final SnapshotsViewModel model;
    private final ObservableValue<Palette> palette;
    private final Asked asked;
    private final HBox cards = new HBox(GAP);

    public SnapshotsView(SnapshotsViewModel model, ObservableValue<Palette> palette, Asked asked) {
        this.model = model;
        this.palette = palette;
        this.asked = asked;
        setId("snapshots");
        getStyleClass().add("snapshots");
        setAccessibleText("Snapshots of the settings");
        setContent(cards);
        setFitToHeight(true);
        setVbarPolicy(ScrollBarPolicy.NEVER);
        setHbarPolicy(ScrollBarPolicy.AS_NEEDED);
        cards.setAlignment(Pos.CENTER_LEFT);
        model.viewProperty().subscribe(this::show);
    }

    /** The width at which {@code count} cards are in sight, in pixels. */
    public static double widthFor(int count) {
        return count * (CARD_WIDTH + GAP) + GAP;
    }

    private void show(List<Kept> all) {
        int focused = cards.getChildren()
                .indexOf(getScene() == null ? null : getScene().getFocusOwner());
        cards.getChildren().setAll(all.stream().map(this::card).toList());
        if (focused >= 0 && !all.isEmpty()) {
            cards.getChildren().get(Math.min(focused, all.size() - 1)).requestFocus();
        }
        setVisible(!all.isEmpty());
        setManaged(!all.isEmpty());
    }

    private Button card(Kept kept) {
        Label name = new Label(Invisible.escaped(kept.name()));
        name.getStyleClass().add("snapshot-name");
        name.setMaxWidth(Double.MAX_VALUE);
        Label score = new Label(
                kept.score().map(s -> Figures.score(s.task(), s.score())).orElse("not evaluated here"));
        score.getStyleClass().addAll(kept.score().isPresent() ? "number" : "hint", "snapshot-score");
        Label of = new Label(kept.score().map(SnapshotsView::of).orElseGet(() -> elsewhere(kept)));
        of.getStyleClass().add("hint");
        Label size =
                new Label(kept.bytes().isPresent() ? Figures.bytes(kept.bytes().getAsLong()) : Figures.NONE);
        size.getStyleClass().addAll("number", "snapshot-size");
        HBox figures = new HBox(GAP, score, size);
        figures.setAlignment(Pos.BASELINE_LEFT);
        VBox words = new VBox(name, figures, of);
        words.setAlignment(Pos.CENTER_LEFT);
        HBox.setHgrow(words, Priority.ALWAYS);
        HBox content = new HBox(GAP, thumbnail(kept.bars()), words);
        content.setAlignment(Pos.CENTER_LEFT);
        Button card = new Button();
        card.setId("snapshot-" + cardId(kept.name()));
        card.setContentDisplay(ContentDisplay.GRAPHIC_ONLY);
        card.setGraphic(content);
        card.setAccessibleRole(AccessibleRole.BUTTON);
        card.setAccessibleText(spoken(kept));
        card.setPrefWidth(CARD_WIDTH);
        card.setMinWidth(CARD_WIDTH);
        card.setMaxHeight(Double.MAX_VALUE);
        card.getStyleClass().setAll("snapshot");
        if (kept.present()) {
            card.getStyleClass().add("current");
        }
        card.setTooltip(new Tooltip(tip(kept)));
        card.setOnAction(e -> model.restore(kept.snapshot()));
        ContextMenu menu = menu(kept);
        card.setContextMenu(menu);
        // The menu of the card, and not the explanation of what lies under the pointer.
        card.addEventHandler(ContextMenuEvent.CONTEXT_MENU_REQUESTED, ContextMenuEvent::consume);
        card.addEventHandler(KeyEvent.KEY_PRESSED, e -> key(e, kept));
        return card;
    }

    /** An id that a style sheet and a test can name. */
    static String cardId(String name) {
        return name.replaceAll("[^\\p{L}\\p{N}]+", "-");
    }

    private void key(KeyEvent e, Kept kept) {
        if (e.getCode() == KeyCode.F2) {
            asked.rename(kept.snapshot());
        } else if (e.getCode() == KeyCode.DELETE) {
            model.delete(kept.snapshot());
        } else {
            return;
        }
        e.consume();
    }

    private ContextMenu menu(Kept kept) {
        Snapshot snapshot = kept.snapshot();
        MenuItem compare = item("Compare with now…", "snapshot-compare", asked::compare, snapshot);
        compare.setDisable(kept.present());
        return new ContextMenu(
                item("Restore", "snapshot-restore", model::restore, snapshot),
                compare,
                item("Rename…", "snapshot-rename", asked::rename, snapshot),
                item("Delete", "snapshot-delete", model::delete, snapshot));
    }

    private static MenuItem item(String text, String id, Consumer<Snapshot> action, Snapshot snapshot) {
        MenuItem item = new MenuItem(text);
        item.setId(id);
        item.setOnAction(e -> action.accept(snapshot));
        return item;
    }

    private Node thumbnail(List<Bar> bars) {
        PulseCanvas canvas = new PulseCanvas(g -> {
            double step = g.getCanvas().getHeight() / Math.max(1, bars.size());
            double line = Math.max(0.5, Math.min(3, step * 0.75));
            for (int i = 0; i < bars.size(); i++) {
                Bar bar = bars.get(i);
                boolean floats = bar.bits() == 0;
                double width = THUMBNAIL_WIDTH * Math.min(1, floats ? 1 : (double) bar.bits() / FULL_BITS);
                g.setGlobalAlpha(bar.activation() ? 0.55 : 1);
                g.setFill(
                        floats
                                ? palette.getValue().floats()
                                : palette.getValue().quantized());
                g.fillRect(0, i * step, width, line);
            }
        });
        canvas.setManaged(true);
        canvas.fit(THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT);
        return canvas;
    }

    private static String of(SnapshotScore score) {
        return "on n = " + Figures.count(score.samples());
    }

    private static String elsewhere(Kept kept) {
        return kept.elsewhere().isEmpty() ? "restore it to evaluate" : "known on other data";
    }

    private static String line(SnapshotScore s) {
        return s.task().title() + " " + Figures.score(s.task(), s.score()) + " (float "
                + Figures.score(s.task(), s.floatScore()) + "), n = " + Figures.count(s.samples()) + ", on "
                + Invisible.escaped(s.data());
    }

    private static String tip(Kept kept) {
        String here = kept.score().map(SnapshotsView::line).orElse("not evaluated on the present data");
        String apart = kept.elsewhere().isEmpty()
                ? ""
                : "\nOn other data, other calibration or by another score:\n"
                        + kept.elsewhere().stream().map(s -> "   " + line(s)).collect(Collectors.joining("\n"));
        return Invisible.escaped(kept.name()) + (kept.present() ? " (in hand)" : "") + "\n" + here + apart
                + "\nBars: bits of each tensor, full is " + FULL_BITS + "; grey is float"
                + "\nclick: go back to it · F2: rename · Delete: remove · right click: more";
    }

    private static String spoken(Kept kept) {
        return "Snapshot " + Invisible.escaped(kept.name()) + (kept.present() ? ", in hand, " : ", ")
                + kept.score().map(SnapshotsView::line).orElse("not evaluated on the present data")
                + (kept.bytes().isPresent() ? ", " + Figures.bytes(kept.bytes().getAsLong()) : "");
    }
}
