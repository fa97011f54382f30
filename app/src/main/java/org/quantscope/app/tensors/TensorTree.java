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
import javafx.scene.control.SelectionMode;
import javafx.scene.control.TreeItem;
import javafx.scene.control.TreeTableView;
import javafx.scene.control.skin.VirtualFlow;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.tensor.TensorId;

/** The lines of the list: groups with a line for each tensor, of which some are selected and one is kept in sight. */
final class TensorTree {
    private static final double LINE_HEIGHT = 25;

    /** Lines that stay in sight above the one in hand. */
    private static final int LINES_ABOVE = 4;

    private final TreeTableView<TensorLine> tree = new TreeTableView<>();
    private final TreeItem<TensorLine> weights = new TreeItem<>();
    private final TreeItem<TensorLine> activations = new TreeItem<>();
    private final TreeItem<TensorLine> others = new TreeItem<>();
    private final Map<TensorId, TreeItem<TensorLine>> items = new HashMap<>();
    private boolean updating;
    private @Nullable VirtualFlow<?> flow;

    /** The line to be kept in sight; −1 for none. */
    private int wanted = -1;

    /** @param onSelect takes the tensor that a person selects */
    TensorTree(Consumer<TensorId> onSelect) {
        tree.setId("tensors");
        tree.setShowRoot(false);
        tree.setRoot(new TreeItem<>(new TensorLine("", Optional.empty())));
        tree.getSelectionModel().setSelectionMode(SelectionMode.MULTIPLE);
        tree.setColumnResizePolicy(TreeTableView.CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        tree.setTableMenuButtonVisible(false);
        // Else the tree measures the lines that it scrolls past.
        tree.setFixedCellSize(LINE_HEIGHT);
        tree.setAccessibleText("Tensors, worst first");
        weights.setExpanded(true);
        tree.getSelectionModel().selectedItemProperty().addListener((o, was, is) -> {
            if (!updating && is != null && is.getValue() != null) {
                is.getValue().row().ifPresent(row -> onSelect.accept(row.id()));
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

    /** Forgets the tensors of models before the last one, which are no longer in the list. */
    void forget() {
        items.values().removeIf(item -> item.getParent() == null);
    }

    /**
     * Shows other rows; what was selected of them stays so.
     *
     * @param unfold whether activations are to be seen in any case
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
            if (moved) {
                Set<TensorId> chosen = selected();
                tree.getSelectionModel().clearSelection();
                // Of lines that move within the tree it asks the place of each, and counts for it all that are above.
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
    }

    /** In two steps: in one, each item is looked for among all of before, to tell whether they only changed places. */
    private static void refill(TreeItem<TensorLine> group, List<TreeItem<TensorLine>> next) {
        group.getChildren().clear();
        group.getChildren().addAll(next);
    }

    private Stream<TreeItem<TensorLine>> groups() {
        return Stream.of(weights, activations, others);
    }

    /** The items of rows: a tensor keeps its own. Only lines that say something new are written anew. */
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

    /** Selects what is among the lines that are not folded away. */
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

    /** The items of the lines, in their order: the tree itself would count from its first line to find one. */
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

    /** Marks the tensor in hand and keeps it in sight. */
    void select(Optional<TensorId> inHand) {
        TreeItem<TensorLine> item = inHand.map(items::get).orElse(null);
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
    }

    /** Before the next layout, and only if the line is out of sight: to scroll lays out all the lines in sight, and rows come many at a time. */
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
