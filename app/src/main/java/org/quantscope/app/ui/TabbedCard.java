package org.quantscope.app.ui;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;

/** A card with several pages, of which one is visible. A page is made when it is first chosen. */
public final class TabbedCard extends VBox {
    private static final double GAP = 6;

    /** All pages have the same height, so that nothing moves when another page is chosen. */
    private static final double PAGE_HEIGHT = 112;

    private final List<CardTab> tabs;
    private final Segments strip;
    private final StackPane page = new StackPane();
    private final Map<String, Region> made = new HashMap<>();
    private final ReadOnlyBooleanWrapper tall = new ReadOnlyBooleanWrapper(this, "tall");
    private final ReadOnlyStringWrapper selected = new ReadOnlyStringWrapper(this, "selected", "");

    /**
     * @param tabs at least one, in the order of their buttons; the first is visible at first
     * @param atEnd what stands at the right end of the row of buttons
     */
    public TabbedCard(List<CardTab> tabs, Node... atEnd) {
        super(GAP);
        this.tabs = List.copyOf(tabs);
        getStyleClass().add("card");
        strip = new Segments(this.tabs.stream().map(CardTab::title).toArray(String[]::new));
        for (int i = 0; i < this.tabs.size(); i++) {
            strip.describe(i, "tab-" + this.tabs.get(i).id(), this.tabs.get(i).tip());
        }
        strip.setOnChoose(this::show);
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox head = new HBox(GAP, strip, space);
        head.getChildren().addAll(atEnd);
        head.setAlignment(Pos.CENTER_LEFT);
        page.setPrefHeight(PAGE_HEIGHT);
        VBox.setVgrow(page, Priority.ALWAYS);
        getChildren().addAll(head, page);
        select(0);
    }

    /** Shows the page with this id; an unknown id changes nothing. */
    public void select(String id) {
        for (int i = 0; i < tabs.size(); i++) {
            if (tabs.get(i).id().equals(id)) {
                select(i);
            }
        }
    }

    /** Shows the page at {@code index}, counted from 0; does nothing if there are fewer pages. */
    public void select(int index) {
        if (index >= 0 && index < tabs.size()) {
            strip.choose(index);
            show(index);
        }
    }

    private void show(int index) {
        CardTab next = tabs.get(index);
        if (next.id().equals(selected.get())) {
            return;
        }
        tabs.stream()
                .filter(tab -> tab.id().equals(selected.get()))
                .forEach(tab -> tab.onShowing().accept(false));
        Region content = made.computeIfAbsent(next.id(), id -> next.content().get());
        selected.set(next.id());
        tall.set(next.tall());
        page.getChildren().setAll(content);
        next.onShowing().accept(true);
    }

    /** True while the visible page needs more height. */
    public ReadOnlyBooleanProperty tallProperty() {
        return tall.getReadOnlyProperty();
    }

    /** The id of the visible page. */
    public ReadOnlyStringProperty selectedProperty() {
        return selected.getReadOnlyProperty();
    }
}
