package org.quantscope.app.graph;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.geometry.Pos;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.shape.Rectangle;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.tensors.TensorMenu;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.tensor.TensorId;

/**
 * The model as a drawing that can be dragged and zoomed. Operators with quantized tensors are wide boxes, coloured by
 * the worst of their tensors; all others are thin. Only the visible part is painted, in one of three forms: boxes with
 * text where it can be read, plain boxes, and from far away specks of colour, the worst ones on top.
 */
public final class GraphView extends StackPane {
    private static final double SMALLEST = 0.04;
    private static final double LARGEST = 2;
    private static final double STEP = 1.25;
    private static final double PAN = 60;
    private static final double MARGIN = 24;

    /** Height of the row with texts and buttons above the drawing, in pixels. */
    private static final double HEAD = 26;

    /** Height of the row below the drawing, in pixels. */
    private static final double FOOT = 30;

    private static final double LEGIBLE = 0.55;

    private static final double CLICK = 4;
    private static final double BUTTON_GAP = 12;

    private final GraphViewModel model;
    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>(this, "palette", Theme.DARK.palette());
    private final PulseCanvas canvas = new PulseCanvas(this::paint);
    private final GraphPainter painter;
    private final Label[] marks = {mark(""), mark("fair"), mark("bad")};
    private final Label legend = new Label();
    private final GraphTools tools;
    private List<ModelDrawing.Box> hits = List.of();
    private String sought = "";
    /** The hit in sight, from 0; −1 for none. */
    private int hit = -1;

    private final HBox legends = new HBox(BUTTON_GAP);
    private final Label note = new Label();
    private final Tooltip tip = new Tooltip();
    private @Nullable ModelDrawing shown;
    private Optional<TensorId> centred = Optional.empty();
    private double scale = 1;
    /** Position of the drawing's left edge in the view, in pixels. */
    private double left;

    private double top;
    private double pressedX;
    private double pressedY;
    private double pressedLeft;
    private double pressedTop;
    private ModelDrawing.@Nullable Box hovered;
    private boolean fitted;

    public GraphView(GraphViewModel model) {
        this.model = model;
        this.painter = new GraphPainter(model::shortName);
        setId("graph");
        getStyleClass().add("graph-view");
        setAccessibleText("The graph of the model. Arrow keys move it, with Shift they select the next tensor, plus and"
                + " minus zoom, 0 shows all, Home goes to the selected tensor, Ctrl+F finds operators.");
        setFocusTraversable(true);
        setMinSize(200, 60);
        Rectangle clip = new Rectangle();
        clip.widthProperty().bind(widthProperty());
        clip.heightProperty().bind(heightProperty());
        setClip(clip);
        legend.setId("graph-legend");
        legend.getStyleClass().addAll("hint", "over-plot");
        legend.setMinWidth(0);
        tools = new GraphTools(asked());
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox foot = new HBox(BUTTON_GAP, legend, space, tools);
        foot.setAlignment(Pos.CENTER_LEFT);
        foot.setMaxHeight(Region.USE_PREF_SIZE);
        foot.setPickOnBounds(false);
        StackPane.setAlignment(foot, Pos.BOTTOM_LEFT);
        legends.getChildren().setAll(marks);
        legends.setMouseTransparent(true);
        legends.setAlignment(Pos.CENTER_LEFT);
        legends.setMaxHeight(Region.USE_PREF_SIZE);
        note.setId("graph-note");
        note.getStyleClass().add("hint");
        note.setMouseTransparent(true);
        HBox buttons = new HBox(
                BUTTON_GAP,
                button("+", "graph-in", "Larger (+)", () -> zoom(STEP)),
                button("−", "graph-out", "Smaller (−)", () -> zoom(1 / STEP)),
                button("show all", "graph-fit", "The whole model (0)", this::fit),
                button("in hand", "graph-home", "Go to the selected tensor (Home)", this::home));
        buttons.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
        buttons.setMinWidth(Region.USE_PREF_SIZE);
        HBox head = new HBox(BUTTON_GAP, legends, buttons);
        head.setAlignment(Pos.CENTER_LEFT);
        head.setMaxHeight(Region.USE_PREF_SIZE);
        head.setPickOnBounds(false);
        HBox.setHgrow(legends, Priority.ALWAYS);
        StackPane.setAlignment(head, Pos.TOP_LEFT);
        getChildren().addAll(canvas, note, head, foot);

        palette.addListener((o, was, is) -> canvas.touch());
        focusedProperty().addListener((o, was, is) -> canvas.touch());
        addEventHandler(MouseEvent.MOUSE_PRESSED, this::press);
        addEventHandler(MouseEvent.MOUSE_DRAGGED, this::drag);
        addEventHandler(MouseEvent.MOUSE_CLICKED, this::click);
        addEventHandler(
                MouseEvent.MOUSE_MOVED, e -> hover(boxAt(e.getX(), e.getY()).orElse(null)));
        addEventHandler(MouseEvent.MOUSE_EXITED, e -> hover(null));
        addEventHandler(ScrollEvent.SCROLL, this::scroll);
        addEventHandler(KeyEvent.KEY_PRESSED, this::key);
        setOnContextMenuRequested(e -> {
            Set<TensorId> of = (e.isKeyboardTrigger()
                            ? model.viewProperty().get().drawn().flatMap(GraphViewModel.Drawn::selected).stream()
                            : boxAt(e.getX(), e.getY()).stream().flatMap(b -> b.tensors().stream()))
                    .collect(Collectors.toSet());
            if (!of.isEmpty()) {
                Set<TensorId> about = chosen(of);
                TensorMenu menu = new TensorMenu(model.tensors(), () -> about);
                menu.show(this, e.getScreenX(), e.getScreenY());
                e.consume();
            }
        });
        model.viewProperty().subscribe(v -> show());
    }

    private GraphTools.Asked asked() {
        return new GraphTools.Asked() {
            @Override
            public void find(String text) {
                sought = text;
                hit = -1;
                seek();
            }

            @Override
            public void go(int by) {
                GraphView.this.go(by);
            }

            @Override
            public void leave() {
                requestFocus();
            }

            @Override
            public void fold() {
                model.foldOrOpen();
            }

            @Override
            public void turn() {
                model.turn();
            }
        };
    }

    /** Finds the boxes of the sought text anew. */
    private void seek() {
        ModelDrawing drawing = shown;
        hits = drawing == null ? List.of() : drawing.find(sought);
        hit = Math.min(hit, hits.size() - 1);
        tools.hits(hit + 1, hits.size(), !sought.isBlank());
        canvas.touch();
    }

    /** Moves the next hit, or the one before, into the middle. */
    private void go(int by) {
        if (!hits.isEmpty()) {
            hit = hit < 0 ? (by > 0 ? 0 : hits.size() - 1) : Math.floorMod(hit + by, hits.size());
            ModelDrawing.Box box = hits.get(hit);
            scale = Math.max(scale, LEGIBLE);
            middle(box);
            tools.hits(hit + 1, hits.size(), true);
            if (!box.tensors().isEmpty()) {
                model.choose(box);
                centred = model.viewProperty().get().drawn().flatMap(GraphViewModel.Drawn::selected);
            }
            canvas.touch();
        }
    }

    private void middle(ModelDrawing.Box box) {
        left = getWidth() / 2 - (box.x() + box.width() / 2) * scale;
        top = height() / 2 - (box.y() + box.height() / 2) * scale;
    }

    /** The tensor of a box to act on: the selected one, or else the first, which a click would select. */
    private Set<TensorId> chosen(Set<TensorId> of) {
        GraphViewModel.Drawn v = model.viewProperty().get().drawn().orElseThrow();
        return Set.of(v.selected()
                .filter(of::contains)
                .orElseGet(() -> v.drawing().boxes().stream()
                        .filter(b -> of.containsAll(b.tensors()) && !b.tensors().isEmpty())
                        .findFirst()
                        .map(b -> b.tensors().getFirst())
                        .orElseGet(() -> of.iterator().next())));
    }

    private static Label mark(String level) {
        Region shape = new Region();
        shape.getStyleClass().addAll("loss-level", level);
        Label label = new Label("", shape);
        label.getStyleClass().add("hint");
        label.setMinWidth(Region.USE_PREF_SIZE);
        return label;
    }

    private static Button button(String text, String id, String tip, Runnable action) {
        Button button = new Button(text);
        button.setId(id);
        button.getStyleClass().add("link");
        button.setMinWidth(Region.USE_PREF_SIZE);
        button.setFocusTraversable(false);
        button.setTooltip(new Tooltip(tip));
        button.setOnAction(e -> action.run());
        return button;
    }

    public ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    private void show() {
        GraphViewModel.View v = model.viewProperty().get();
        ModelDrawing drawing = v.drawn().map(GraphViewModel.Drawn::drawing).orElse(null);
        note.setText(v instanceof GraphViewModel.Nothing(var why) ? why : "");
        if (!Objects.equals(drawing, shown)) {
            shown = drawing;
            centred = Optional.empty();
            fitted = false;
            seek();
        }
        tools.setShown(drawing != null);
        if (drawing != null) {
            tools.blocks(model.blocks(), (int)
                    drawing.boxes().stream().filter(ModelDrawing.Box::block).count());
        }
        legends.setVisible(drawing != null);
        legend.setVisible(drawing != null);
        v.drawn().ifPresent(drawn -> {
            GraphViewModel.Legend colours = drawn.colours().legend();
            marks[0].setText(colours.good());
            marks[1].setText(colours.fair());
            marks[2].setText(colours.bad());
            legend.setText(colours.of());
            if (!drawn.selected().equals(centred)) {
                home();
            }
        });
        canvas.touch();
    }

    /** Scrolls to the selected tensor. */
    private void home() {
        Optional<TensorId> selected = model.viewProperty().get().drawn().flatMap(GraphViewModel.Drawn::selected);
        ModelDrawing drawing = shown;
        if (drawing == null || selected.isEmpty() || getWidth() <= 0 || height() <= 0) {
            return;
        }
        centred = selected;
        fitted = true;
        drawing.carrier(selected.get()).ifPresent(box -> {
            scale = Math.max(scale, LEGIBLE);
            double x = left + (box.x() + box.width() / 2) * scale;
            double y = top + (box.y() + box.height() / 2) * scale;
            boolean inSight = x > MARGIN && x < getWidth() - MARGIN && y > MARGIN && y < height() - MARGIN;
            if (!inSight) {
                middle(box);
            }
        });
        canvas.touch();
    }

    private void fit() {
        ModelDrawing drawing = shown;
        if (drawing != null && getWidth() > 0 && height() > 0) {
            scale = whole(drawing);
            left = (getWidth() - drawing.width() * scale) / 2;
            top = (height() - drawing.height() * scale) / 2;
            canvas.touch();
        }
    }

    /** The scale at which the whole drawing is visible, at most 1. */
    private double whole(ModelDrawing drawing) {
        return Math.min(
                1,
                Math.min(
                        Math.max(1, getWidth() - 2 * MARGIN) / drawing.width(),
                        Math.max(1, height() - 2 * MARGIN) / drawing.height()));
    }

    private void zoom(double by) {
        zoom(by, getWidth() / 2, height() / 2);
    }

    private void zoom(double by, double x, double y) {
        double next = Math.clamp(scale * by, shown == null ? SMALLEST : Math.min(SMALLEST, whole(shown)), LARGEST);
        left = x - (x - left) / scale * next;
        top = y - (y - top) / scale * next;
        scale = next;
        canvas.touch();
    }

    private void pan(double dx, double dy) {
        left += dx;
        top += dy;
        canvas.touch();
    }

    private void press(MouseEvent e) {
        requestFocus();
        pressedX = e.getX();
        pressedY = e.getY();
        pressedLeft = left;
        pressedTop = top;
    }

    private void drag(MouseEvent e) {
        if (e.getButton() != MouseButton.SECONDARY) {
            left = pressedLeft + e.getX() - pressedX;
            top = pressedTop + e.getY() - pressedY;
            canvas.touch();
        }
    }

    private void click(MouseEvent e) {
        boolean still = Math.hypot(e.getX() - pressedX, e.getY() - pressedY) < CLICK;
        if (still && e.getButton() == MouseButton.PRIMARY) {
            boxAt(e.getX(), e.getY()).ifPresent(box -> {
                if (box.block() && e.getClickCount() == 2) {
                    model.open(box);
                    return;
                }
                // The box that was clicked is visible, so the drawing must not move under the pointer.
                model.choose(box);
                centred = model.viewProperty().get().drawn().flatMap(GraphViewModel.Drawn::selected);
            });
        }
    }

    private void scroll(ScrollEvent e) {
        if (e.isShortcutDown()) {
            zoom(e.getDeltaY() > 0 ? STEP : 1 / STEP, e.getX(), e.getY() - HEAD);
        } else {
            pan(e.getDeltaX(), e.getDeltaY());
        }
        e.consume();
    }

    private void key(KeyEvent e) {
        if (tools.hasKeyboard()) {
            return;
        }
        if (e.isShortcutDown() && e.getCode() == KeyCode.F) {
            tools.focusField();
            e.consume();
            return;
        }
        if (e.isAltDown() || e.isShortcutDown()) {
            return;
        }
        boolean used = true;
        switch (e.getCode()) {
            case LEFT -> pan(PAN, 0);
            case RIGHT -> pan(-PAN, 0);
            case UP -> {
                if (e.isShiftDown()) {
                    model.step(-1);
                } else {
                    pan(0, PAN);
                }
            }
            case DOWN -> {
                if (e.isShiftDown()) {
                    model.step(1);
                } else {
                    pan(0, -PAN);
                }
            }
            case PAGE_UP -> pan(0, height() * 0.8);
            case PAGE_DOWN -> pan(0, -height() * 0.8);
            case PLUS, EQUALS, ADD -> zoom(STEP);
            case MINUS, SUBTRACT -> zoom(1 / STEP);
            case DIGIT0, NUMPAD0 -> fit();
            case HOME -> home();
            default -> used = false;
        }
        if (used) {
            e.consume();
        }
    }

    private void hover(ModelDrawing.@Nullable Box box) {
        if (!Objects.equals(box, hovered)) {
            hovered = box;
            if (box == null) {
                Tooltip.uninstall(this, tip);
                tip.hide();
            } else {
                tip.setText(model.describe(box));
                Tooltip.install(this, tip);
            }
            canvas.touch();
        }
    }

    private Optional<ModelDrawing.Box> boxAt(double x, double y) {
        ModelDrawing drawing = shown;
        return drawing == null || y < HEAD || y > HEAD + height()
                ? Optional.empty()
                : drawing.at((x - left) / scale, (y - HEAD - top) / scale);
    }

    /** Height of the area for the drawing, in pixels. */
    private double height() {
        return getHeight() - HEAD - FOOT;
    }

    @Override
    protected void layoutChildren() {
        super.layoutChildren();
        canvas.relocate(0, HEAD);
        canvas.fit(getWidth(), Math.max(0, height()));
        model.setRoom(getWidth(), height());
        if (!fitted && shown != null) {
            home();
        }
    }

    private void paint(GraphicsContext g) {
        model.viewProperty()
                .get()
                .drawn()
                .ifPresent(v -> painter.paint(
                        g,
                        palette.get(),
                        new GraphPainter.Sight(
                                v, left, top, scale, Optional.ofNullable(hovered), Set.copyOf(hits), isFocused())));
    }
}
