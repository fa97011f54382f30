package org.quantscope.app.tensors;

import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import javafx.scene.control.ContextMenu;
import javafx.scene.control.Menu;
import javafx.scene.control.MenuItem;
import javafx.scene.control.SeparatorMenuItem;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.tensor.TensorId;

/** The actions on tensors, for the list and for the graph; each is one undo step. */
public final class TensorMenu extends ContextMenu {
    private static final List<Integer> BITS_OFFERED = List.of(2, 3, 4, 5, 6, 8, 16);

    private Set<TensorId> about = Set.of();

    /**
     * @param tensors the tensors that the menu acts on; asked when the menu opens, so that a later selection does not
     *     change them
     */
    public TensorMenu(TensorsViewModel model, Supplier<Set<TensorId>> tensors) {
        MenuItem keep = item("keep-float", "Keep float", () -> model.keepFloat(about));
        MenuItem quantize = item("quantize-again", "Quantize", () -> model.quantize(about));
        MenuItem place = item("quantize-here", "Quantize here", () -> model.place(about, true));
        MenuItem remove = item("remove-quantizer", "Remove this quantizer", () -> model.place(about, false));
        MenuItem wide = item("sixteen-bits", "16 bits", () -> model.sixteenBits(about));
        Menu bits = new Menu("Bits");
        for (int width : BITS_OFFERED) {
            bits.getItems()
                    .add(item(
                            "bits-" + width,
                            width + " bits",
                            () -> model.change(width + " bits", about, spec -> spec.withBits(width))));
        }
        MenuItem channel = item(
                "per-channel",
                "Per channel",
                () -> model.change("per channel", about, spec -> spec.withGranularity(Granularity.CHANNEL)));
        MenuItem tensor = item(
                "per-tensor",
                "Per tensor",
                () -> model.change("per tensor", about, spec -> spec.withGranularity(Granularity.TENSOR)));
        Menu adopt = new Menu("Adopt calibrator");
        adopt.setId("adopt");
        for (Calibrator calibrator : Calibrators.all()) {
            MenuItem item = item("adopt-" + calibrator.id(), calibrator.title(), () -> model.adopt(calibrator, about));
            item.setUserData(calibrator);
            adopt.getItems().add(item);
        }
        MenuItem reset = item("reset", "Reset to the default", () -> model.reset(about));
        getItems()
                .addAll(
                        keep,
                        quantize,
                        place,
                        remove,
                        new SeparatorMenuItem(),
                        wide,
                        bits,
                        channel,
                        tensor,
                        new SeparatorMenuItem(),
                        adopt,
                        new SeparatorMenuItem(),
                        reset);
        setOnShowing(e -> {
            about = tensors.get();
            Set<TensorId> of = about;
            boolean kept = of.stream().allMatch(model::isFloat);
            boolean elsewhere = model.canPlace(of);
            keep.setVisible(!kept);
            boolean fixed = !elsewhere && !model.canQuantize(of);
            quantize.setVisible(kept && !elsewhere && !fixed);
            reset.setDisable(fixed);
            place.setVisible(elsewhere);
            remove.setVisible(model.arePlaced(of));
            List.of(wide, bits, tensor, adopt).forEach(choice -> choice.setDisable(kept));
            // Activations have one range each.
            channel.setDisable(kept || of.stream().anyMatch(model::isActivation));
            adopt.getItems()
                    .forEach(choice -> choice.setVisible(choice.getUserData() instanceof Calibrator c
                            && of.stream().anyMatch(id -> model.canAdopt(c, id))));
        });
    }

    private static MenuItem item(String id, String text, Runnable action) {
        MenuItem item = new MenuItem(text);
        item.setId("tensor-" + id);
        item.setOnAction(e -> action.run());
        return item;
    }
}
