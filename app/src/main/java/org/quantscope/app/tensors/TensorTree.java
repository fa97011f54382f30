package org.quantscope.app.tensors;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javafx.collections.ListChangeListener;
import javafx.scene.control.SelectionMode;
import javafx.scene.control.TreeItem;
import javafx.scene.control.TreeTableView;
import javafx.scene.control.skin.VirtualFlow;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.tensor.TensorId;

/**
 * The tree of the list: groups with a line for each tensor. Any number of lines are selected, and one is kept visible.
 */
final class TensorTree {
    private static final double LINE_HEIGHT = 25;

    /** The number of lines that stay visible above the selected tensor. */
    private static final int LINES_ABOVE = 4;

    private final TreeTableView<TensorLine> tree = new TreeTableView<>();
    private final TreeItem<TensorLine> weights = new TreeItem<>();
    private final TreeItem<TensorLine> activations = new TreeItem<>();
    private final TreeItem<TensorLine> others = new TreeItem<>();
    private final Map<TensorId, TreeItem<TensorLine>> items = new HashMap<>();
    private boolean updating;
    private @Nullable VirtualFlow<?> flow;

    /** The line to keep visible; −1 for none. */
    private int wanted = -1;

    private final Consumer<Set<TensorId>> onChoose;

    /**
     * @param onSelect called with the tensor that the user selects
     * @param onChoose called with all tensors that are marked, whenever they are others
     */
    TensorTree(Consumer<TensorId> onSelect, Consumer<Set<TensorId>> onChoose) {
        this.onChoose = onChoose;
        tree.setId("tensors");
        tree.setShowRoot(false);
        tree.setRoot(new TreeItem<>(new TensorLine("", Optional.empty())));
        tree.getSelectionModel().setSelectionMode(SelectionMode.MULTIPLE);
        tree.setColumnResizePolicy(TreeTableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        tree.setTableMenuButtonVisible(false);
        // With a fixed height the tree need not measure the lines that it scrolls past.
        tree.setFixedCellSize(LINE_HEIGHT);
        tree.setAccessibleText("Tensors, worst first");
        weights.setExpanded(true);
        tree.getSelectionModel().selectedItemProperty().addListener((o, was, is) -> {
            if (!updating && is != null && is.getValue() != null) {
                is.getValue().row().ifPresent(row -> onSelect.accept(row.id()));
            }
        });
        tree.getSelectionModel().getSelectedIndices().addListener((ListChangeListener<Integer>) change -> {
            if (!updating) {
                onChoose.accept(selected());
            }
        });
        Runnable scroll = () -> {
            if (wanted >= 0) {
                scrollTo(wanted);
                wanted = -1;
            }
        };
        tree.sceneProperty().subscribe((was, is) -> {
            if (was != null) {
                was.removePreLayoutPulseListener(scroll);
            }
            if (is != null) {
                is.addPreLayoutPulseListener(scroll);
            }
        });
    }

    TreeTableView<TensorLine> node() {
        return tree;
    }

    /** Drops the items of tensors that are not in the list any more. */
    void forget() {
        items.values().removeIf(item -> item.getParent() == null);
    }

    /**
     * Shows other rows; those that were selected stay selected.
     *
     * @param unfold true to unfold the activations in any case
     */
    void show(TensorsViewModel.Rows rows, boolean unfold) {
        updating = true;
        try {
            List<TreeItem<TensorLine>> nextWeights = items("Weights", rows.weights(), weights);
            List<TreeItem<TensorLine>> nextActivations = items("Activations", rows.activations(), activations);
            List<TreeItem<TensorLine>> nextOthers = items("Tied or float", rows.others(), others);
            boolean moved = !nextWeights.equals(weights.getChildren())
                    || !nextActivations.equals(activations.getChildren())
                    || !nextOthers.equals(others.getChildren());
            if (unfold && !rows.activations().isEmpty()) {
                activations.setExpanded(true);
            }
            if (rows.weights().isEmpty() && rows.activations().isEmpty()) {
                others.setExpanded(true);
            }
            if (moved) {
                Set<TensorId> chosen = selected();
                tree.getSelectionModel().clearSelection();
                // The tree is emptied first: for each line that moves within it, it would search the line's position by
                // counting all lines above.
                tree.getRoot().getChildren().clear();
                refill(weights, nextWeights);
                refill(activations, nextActivations);
                refill(others, nextOthers);
                tree.getRoot()
                        .getChildren()
                        .setAll(groups().filter(g -> !g.getChildren().isEmpty()).toList());
                choose(chosen);
            }
        } finally {
            updating = false;
        }
        onChoose.accept(selected());
    }

    /**
     * Replaces the children in two steps. In a single step JavaFX would search each new item among all old ones to find
     * out what has only moved.
     */
    private static void refill(TreeItem<TensorLine> group, List<TreeItem<TensorLine>> next) {
        group.getChildren().clear();
        group.getChildren().addAll(next);
    }

    private Stream<TreeItem<TensorLine>> groups() {
        return Stream.of(weights, activations, others);
    }

    /** The items for rows. A tensor keeps its item, and only lines with changed content are updated. */
    private List<TreeItem<TensorLine>> items(String title, List<TensorRow> rows, TreeItem<TensorLine> group) {
        String text = title + " · " + rows.size();
        if (group.getValue() == null || !group.getValue().group().equals(text)) {
            group.setValue(new TensorLine(text, Optional.empty()));
        }
        List<TreeItem<TensorLine>> next = new ArrayList<>(rows.size());
        for (TensorRow row : rows) {
            TreeItem<TensorLine> item = items.computeIfAbsent(row.id(), id -> new TreeItem<>());
            if (item.getValue() == null || !row.equals(item.getValue().row().orElse(null))) {
                item.setValue(new TensorLine("", Optional.of(row)));
            }
            next.add(item);
        }
        return next;
    }

    /** Selects those of the tensors whose lines are visible in the unfolded tree. */
    private void choose(Set<TensorId> chosen) {
        List<TreeItem<TensorLine>> visible = chosen.isEmpty() ? List.of() : visible();
        int[] at = IntStream.range(0, visible.size())
                .filter(i -> visible.get(i)
                        .getValue()
                        .row()
                        .filter(row -> chosen.contains(row.id()))
                        .isPresent())
                .toArray();
        if (at.length > 0) {
            tree.getSelectionModel().selectIndices(at[0], Arrays.copyOfRange(at, 1, at.length));
        }
    }

    /**
     * The items of all unfolded lines in order: the tree itself would count from its first line to find each of them.
     */
    private List<TreeItem<TensorLine>> visible() {
        List<TreeItem<TensorLine>> lines = new ArrayList<>();
        for (TreeItem<TensorLine> group : tree.getRoot().getChildren()) {
            lines.add(group);
            if (group.isExpanded()) {
                lines.addAll(group.getChildren());
            }
        }
        return lines;
    }

    /** Marks the selected tensor and keeps its line visible. */
    void select(Optional<TensorId> selected) {
        TreeItem<TensorLine> item = selected.map(items::get).orElse(null);
        if (item == null || item.getParent() == null) {
            return;
        }
        updating = true;
        try {
            item.getParent().setExpanded(true);
            int line = tree.getRow(item);
            if (!tree.getSelectionModel().isSelected(line)) {
                tree.getSelectionModel().clearAndSelect(line);
            }
            wanted = line;
        } finally {
            updating = false;
        }
        onChoose.accept(selected());
    }

    /**
     * Scrolls before the next layout, and only if the line is not visible: scrolling lays out all visible lines, and
     * many rows may change at once.
     */
    private void scrollTo(int line) {
        if (flow == null && tree.lookup(".virtual-flow") instanceof VirtualFlow<?> found) {
            flow = found;
        }
        if (flow != null && flow.getFirstVisibleCell() != null && flow.getLastVisibleCell() != null) {
            if (line <= flow.getFirstVisibleCell().getIndex()
                    || line >= flow.getLastVisibleCell().getIndex()) {
                tree.scrollTo(Math.max(0, line - LINES_ABOVE));
            }
        }
    }

    /** The tensors that are selected. */
    Set<TensorId> selected() {
        List<TreeItem<TensorLine>> visible = visible();
        return tree.getSelectionModel().getSelectedIndices().stream()
                .filter(i -> i >= 0 && i < visible.size())
                .flatMap(i -> visible.get(i).getValue().row().stream())
                .map(TensorRow::id)
                .collect(Collectors.toSet());
    }
}
