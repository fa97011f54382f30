package org.quantscope.app.tour;

import java.util.List;
import java.util.Optional;
import javafx.geometry.BoundingBox;
import javafx.geometry.Bounds;
import javafx.geometry.Pos;
import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.scene.shape.Rectangle;
import javafx.scene.shape.Shape;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.Explained;

/**
 * Lies over the whole window while there is a tour: dims all but one part of it, and says beside that what it is for. It
 * follows the part when the window gets another size. The mouse reaches nothing below.
 */
public final class TourView extends Region {
    private static final double WIDTH = 318;
    /** The light reaches so far beyond the part, in pixels. */
    private static final double BEYOND = 4;

    private static final double ROUND = 16;

    private final TourViewModel model;
    private final Region dim = new Region();
    private final Rectangle ring = new Rectangle();
    private final Label title = new Label();
    private final Label place = new Label();
    private final Label sentence = new Label();
    private final Label keys = new Label();
    private final Label does = new Label();
    private final Button skip = button("Skip", "tour-skip");
    private final Button back = button("Back", "tour-back");
    private final Button next = button("Next", "tour-next");
    private final VBox card;
    private @Nullable Node part;
    private Subscription followed = Subscription.EMPTY;

    public TourView(TourViewModel model) {
        this.model = model;
        setId("tour");
        setMinSize(0, 0);
        dim.getStyleClass().add("tour-dim");
        ring.getStyleClass().add("tour-ring");
        ring.setMouseTransparent(true);
        ring.setArcWidth(ROUND);
        ring.setArcHeight(ROUND);
        title.setId("tour-title");
        title.getStyleClass().add("title");
        place.setId("tour-place");
        place.getStyleClass().add("muted");
        sentence.setId("tour-sentence");
        keys.setId("tour-keys");
        keys.getStyleClass().add("tour-keys");
        keys.setMinWidth(USE_PREF_SIZE);
        does.setId("tour-does");
        does.getStyleClass().add("muted");
        for (Label words : List.of(sentence, does)) {
            words.setWrapText(true);
            words.setMinHeight(USE_PREF_SIZE);
        }
        skip.getStyleClass().add("link");
        next.getStyleClass().add("primary");
        skip.setOnAction(e -> model.end());
        back.setOnAction(e -> model.back());
        next.setOnAction(e -> model.next());
        HBox head = row(title, space(), place);
        HBox key = row(keys, does);
        HBox buttons = row(skip, space(), back, next);
        card = new VBox(head, sentence, key, buttons);
        card.setId("tour-card");
        card.getStyleClass().add("tour-card");
        card.setFocusTraversable(true);
        card.setAccessibleRole(AccessibleRole.DIALOG);
        getChildren().addAll(dim, ring, card);
        hide();
    }

    private static Button button(String text, String id) {
        Button button = new Button(text);
        button.setId(id);
        button.setMinWidth(USE_PREF_SIZE);
        return button;
    }

    private static Region space() {
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        return space;
    }

    private static HBox row(Node... nodes) {
        HBox row = new HBox(nodes);
        row.getStyleClass().add("tour-row");
        row.setAlignment(Pos.CENTER_LEFT);
        return row;
    }

    /**
     * Shows a stop, and takes the keyboard: a screen reader reads the card.
     *
     * @param lit the part of the window that it speaks of
     */
    public void show(TourStop stop, Node lit) {
        title.setText(stop.title());
        place.setText(stop.number() + " of " + TourStop.count());
        sentence.setText(stop.sentence());
        keys.setText(stop.keys());
        does.setText(stop.does());
        back.setDisable(stop.first());
        next.setText(stop.last() ? "Done" : "Next");
        skip.setVisible(!stop.last());
        Explained.as(card, stop.term());
        card.setAccessibleText(stop.spoken());
        followed.unsubscribe();
        part = lit;
        followed = Subscription.combine(
                lit.localToSceneTransformProperty().subscribe(x -> requestLayout()),
                lit.layoutBoundsProperty().subscribe(x -> requestLayout()));
        setVisible(true);
        card.requestFocus();
        requestLayout();
    }

    /** Gives the window free. */
    public void hide() {
        setVisible(false);
        followed.unsubscribe();
        part = null;
    }

    /** Presses the button that has the keyboard; if none has, the tour goes on. */
    public void press() {
        List.of(skip, back).stream()
                .filter(Node::isFocused)
                .findFirst()
                .orElse(next)
                .fire();
    }

    /** The keyboard goes round among the card and its buttons. */
    public void moveKeyboard(boolean forward) {
        List<Node> round = List.<Node>of(card, skip, back, next).stream()
                .filter(n -> n.isVisible() && !n.isDisabled())
                .toList();
        int at = Math.max(0, round.indexOf(getScene().getFocusOwner()));
        round.get(Math.floorMod(at + (forward ? 1 : -1), round.size())).requestFocus();
    }

    /** What is seen of the part, in pixels of this view; empty if nothing is. */
    private Optional<Bounds> lit() {
        return Optional.ofNullable(part).filter(n -> n.getScene() != null).flatMap(n -> {
            Bounds seen = n.localToScene(n.getLayoutBounds());
            for (Node around = n.getParent(); around != null; around = around.getParent()) {
                if (around instanceof ScrollPane) {
                    seen = common(seen, around.localToScene(around.getLayoutBounds()));
                }
            }
            Bounds here = common(
                    sceneToLocal(seen),
                    new BoundingBox(BEYOND, BEYOND, getWidth() - 2 * BEYOND, getHeight() - 2 * BEYOND));
            return here.getWidth() > 0 && here.getHeight() > 0 ? Optional.of(here) : Optional.empty();
        });
    }

    private static Bounds common(Bounds a, Bounds b) {
        double x = Math.max(a.getMinX(), b.getMinX());
        double y = Math.max(a.getMinY(), b.getMinY());
        return new BoundingBox(
                x,
                y,
                Math.max(0, Math.min(a.getMaxX(), b.getMaxX()) - x),
                Math.max(0, Math.min(a.getMaxY(), b.getMaxY()) - y));
    }

    @Override
    protected void layoutChildren() {
        double wide = Math.min(WIDTH, getWidth() - 2 * CardPlace.GAP);
        double high = card.prefHeight(wide);
        dim.resizeRelocate(0, 0, getWidth(), getHeight());
        Optional<Bounds> lit = lit();
        ring.setVisible(lit.isPresent());
        Rectangle all = new Rectangle(getWidth(), getHeight());
        if (lit.isEmpty()) {
            dim.setClip(all);
            card.resizeRelocate((getWidth() - wide) / 2, (getHeight() - high) / 2, wide, high);
            return;
        }
        Bounds b = lit.get();
        ring.setX(b.getMinX() - BEYOND);
        ring.setY(b.getMinY() - BEYOND);
        ring.setWidth(b.getWidth() + 2 * BEYOND);
        ring.setHeight(b.getHeight() + 2 * BEYOND);
        Rectangle hole = new Rectangle(ring.getX(), ring.getY(), ring.getWidth(), ring.getHeight());
        hole.setArcWidth(ROUND);
        hole.setArcHeight(ROUND);
        dim.setClip(Shape.subtract(all, hole));
        CardPlace at = CardPlace.beside(
                getWidth(),
                getHeight(),
                new CardPlace.Box(ring.getX(), ring.getY(), ring.getWidth(), ring.getHeight()),
                wide,
                high);
        card.resizeRelocate(at.x(), at.y(), wide, high);
    }

    /** The part that is lit, in pixels of this view. */
    public Bounds light() {
        return ring.getBoundsInParent();
    }

    /** The tour that is shown. */
    public TourViewModel model() {
        return model;
    }
}
