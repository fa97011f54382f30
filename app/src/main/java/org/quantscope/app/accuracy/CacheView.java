package org.quantscope.app.accuracy;

import java.util.List;
import java.util.Optional;
import javafx.scene.control.MenuButton;
import javafx.scene.control.RadioMenuItem;
import javafx.scene.control.ToggleGroup;
import javafx.scene.control.Tooltip;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.eval.CacheUse;

/**
 * Shows how much memory holds the intermediate values before the selected tensor, and lets the user choose the limit.
 */
public final class CacheView extends MenuButton {
    private static final long MIB = 1L << 20;

    /** The limits to choose from, in bytes. */
    private static final List<Long> BUDGETS = List.of(0L, 256 * MIB, 512 * MIB, 1024 * MIB, 2048 * MIB, 4096 * MIB);

    private static final double TIP_WIDTH = 420;

    private final Tooltip tip = new Tooltip();

    public CacheView(AccuracyViewModel model) {
        setId("cache");
        getStyleClass().addAll("link", "small");
        tip.setWrapText(true);
        tip.setMaxWidth(TIP_WIDTH);
        setTooltip(tip);
        ToggleGroup group = new ToggleGroup();
        for (long bytes : BUDGETS) {
            RadioMenuItem item =
                    new RadioMenuItem(bytes == 0 ? "Keep nothing" : "Keep up to " + Figures.wholeBytes(bytes));
            item.setId("cache-" + bytes / MIB);
            item.setToggleGroup(group);
            item.setSelected(bytes == model.cacheBudget());
            item.setOnAction(e -> model.setCacheBudget(bytes));
            getItems().add(item);
        }
        model.cacheProperty().subscribe(this::tell);
    }

    private void tell(Optional<CacheUse> use) {
        setVisible(use.isPresent());
        use.ifPresent(u -> {
            setText("activations kept: " + Figures.bytes(u.bytes()) + " of " + Figures.wholeBytes(u.budget()));
            setAccessibleText(getText());
            tip.setText(
                    "Native memory for the intermediate values before the selected tensor: a move computes only what"
                        + " comes behind them. What finds no room is computed again at every move, which takes longer"
                        + " and gives the same figures."
                            + (u.batches() == 0
                                    ? ""
                                    : u.batches() == u.of()
                                            ? "\nAll " + u.of() + " batches of this setting are kept."
                                            : "\n" + u.batches() + " of " + u.of()
                                                    + " batches of this setting are kept, the others are computed"
                                                    + " again."));
        });
    }
}
