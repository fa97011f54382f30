package org.quantscope.app.ui;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import javafx.event.Event;
import javafx.event.EventType;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.control.ContextMenu;
import javafx.scene.control.MenuItem;
import javafx.scene.control.SeparatorMenuItem;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.input.ContextMenuEvent;
import javafx.scene.input.DataFormat;
import javafx.scene.input.KeyCombination;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseEvent;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.plot.CsvPlot;
import org.quantscope.core.plot.Plot;
import org.quantscope.core.plot.SvgPlot;

/**
 * A chart that can be copied as a picture, as SVG and as numbers, and saved: by a right click, and by Ctrl+C while it has
 * the keyboard. All forms are made of the same {@link Plot}, which holds what the chart shows when it is asked.
 */
public final class Copyable {
    /** A person wants to save figures; whoever shows dialogs handles it. */
    public static final class SaveRequest extends Event {
        private static final long serialVersionUID = 1;

        public static final EventType<SaveRequest> SAVE = new EventType<>(Event.ANY, "SAVE_FIGURE");

        private final transient List<Plot> figures;

        SaveRequest(List<Plot> figures) {
            super(SAVE);
            this.figures = List.copyOf(figures);
        }

        public List<Plot> figures() {
            return figures;
        }
    }

    /** SVG on the clipboard. */
    public static final DataFormat SVG = format("image/svg+xml");

    private static final Object KEY = new Object();
    private static final KeyCombination COPY = KeyCombination.valueOf("Shortcut+C");

    private final Node chart;
    private final Supplier<List<Plot>> figures;
    private final ContextMenu menu = new ContextMenu();
    /** What was under the pointer when the menu was asked for. */
    private @Nullable ContextMenuEvent asked;

    private boolean explaining;

    private Copyable(Node chart, Supplier<List<Plot>> figures) {
        this.chart = chart;
        this.figures = figures;
        MenuItem whatIsIt = item("What is this?", "chart-explain", this::explain);
        menu.getItems()
                .addAll(
                        item("Copy as picture", "chart-copy-picture", this::copyPicture),
                        item("Copy as SVG", "chart-copy-svg", this::copySvg),
                        item("Copy numbers (CSV)", "chart-copy-csv", this::copyNumbers),
                        item("Save as…", "chart-save", this::save),
                        new SeparatorMenuItem(),
                        whatIsIt);
        chart.addEventHandler(ContextMenuEvent.CONTEXT_MENU_REQUESTED, e -> {
            if (!explaining && !figures.get().isEmpty()) {
                asked = e;
                menu.show(chart, e.getScreenX(), e.getScreenY());
                e.consume();
            }
        });
        chart.addEventHandler(KeyEvent.KEY_PRESSED, e -> {
            if (COPY.match(e) && !figures.get().isEmpty()) {
                copyAll();
                e.consume();
            }
        });
        chart.addEventHandler(MouseEvent.MOUSE_PRESSED, e -> {
            menu.hide();
            if (chart.isFocusTraversable() && e.isPrimaryButtonDown()) {
                chart.requestFocus();
            }
        });
    }

    /**
     * Lets a chart be copied.
     *
     * @param figures what it shows, one or several figures; empty while it shows nothing
     */
    public static void install(Node chart, Supplier<List<Plot>> figures) {
        chart.getProperties().put(KEY, new Copyable(chart, figures));
    }

    /** The charts under a node that are visible and show something, in the order of the scene. */
    public static List<Copyable> under(Node root) {
        List<Copyable> all = new ArrayList<>();
        collect(root, all);
        return all;
    }

    private static void collect(Node node, List<Copyable> all) {
        if (!node.isVisible()) {
            return;
        }
        if (node.getProperties().get(KEY) instanceof Copyable chart
                && !chart.figures.get().isEmpty()) {
            all.add(chart);
        }
        if (node instanceof Parent parent) {
            parent.getChildrenUnmodifiable().forEach(child -> collect(child, all));
        }
    }

    private static DataFormat format(String type) {
        DataFormat known = DataFormat.lookupMimeType(type);
        return known == null ? new DataFormat(type) : known;
    }

    private static MenuItem item(String text, String id, Runnable action) {
        MenuItem item = new MenuItem(text);
        item.setId(id);
        item.setOnAction(e -> action.run());
        return item;
    }

    /** What it shows now; empty while it shows nothing. */
    public List<Plot> figures() {
        return figures.get();
    }

    /** Puts a picture on the clipboard. */
    public void copyPicture() {
        ClipboardContent content = new ClipboardContent();
        content.putImage(FigurePicture.of(figures.get()));
        Clipboard.getSystemClipboard().setContent(content);
    }

    /** Puts SVG on the clipboard, also as text. */
    public void copySvg() {
        String svg = SvgPlot.alone(figures.get());
        ClipboardContent content = new ClipboardContent();
        content.put(SVG, svg);
        content.putString(svg);
        Clipboard.getSystemClipboard().setContent(content);
    }

    /** Puts CSV on the clipboard. */
    public void copyNumbers() {
        ClipboardContent content = new ClipboardContent();
        content.putString(CsvPlot.of(figures.get()));
        Clipboard.getSystemClipboard().setContent(content);
    }

    /** Puts all forms on the clipboard: a text takes the numbers, a picture program the picture. */
    public void copyAll() {
        ClipboardContent content = new ClipboardContent();
        content.putImage(FigurePicture.of(figures.get()));
        content.put(SVG, SvgPlot.alone(figures.get()));
        content.putString(CsvPlot.of(figures.get()));
        Clipboard.getSystemClipboard().setContent(content);
    }

    /** Asks for the figures to be saved. */
    public void save() {
        chart.fireEvent(new SaveRequest(figures.get()));
    }

    private void explain() {
        ContextMenuEvent e = asked;
        if (e != null && e.getTarget() instanceof Node under) {
            explaining = true;
            try {
                under.fireEvent(e.copyFor(under, under));
            } finally {
                explaining = false;
            }
        }
    }
}
