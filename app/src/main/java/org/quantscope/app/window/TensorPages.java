package org.quantscope.app.window;

import java.util.List;
import java.util.function.DoubleConsumer;
import javafx.beans.value.ObservableValue;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.cards.CardButtons;
import org.quantscope.app.cards.ShownCard;
import org.quantscope.app.device.DeviceView;
import org.quantscope.app.flipped.LayerOutputView;
import org.quantscope.app.graph.GraphView;
import org.quantscope.app.selected.CodesView;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.selected.SlicesView;
import org.quantscope.app.ui.CardTab;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.TabbedCard;

/** The pages under the curve. Each feature that shows more about the selected tensor adds its own. */
final class TensorPages {
    private TensorPages() {}

    /** @param onLevel is told the level of a code that was clicked */
    static TabbedCard of(ApplicationContext context, ObservableValue<Palette> palette, DoubleConsumer onLevel) {
        return new TabbedCard(
                List.of(
                        new CardTab(
                                "channels",
                                "Channels",
                                "The values of each channel or block, and the range that clips them",
                                () -> channels(context, palette),
                                context.slices()::setShowing),
                        new CardTab(
                                "codes",
                                "Codes",
                                "How often each code is used",
                                () -> codes(context, palette, onLevel),
                                context.codes()::setShowing),
                        new CardTab(
                                "layer-output",
                                "Layer output",
                                "The error that this tensor makes behind its layer, behind its block and in the"
                                        + " predictions, alone and with everything else",
                                () -> new LayerOutputView(context.layerOutput()),
                                context.layerOutput()::setShowing),
                        new CardTab(
                                "graph",
                                "Graph",
                                "The model as a drawing, coloured by the sensitivity of its tensors",
                                () -> graph(context, palette),
                                context.graph()::setShowing,
                                true),
                        new CardTab(
                                "device",
                                "Device",
                                "What one sample costs on a device: bytes, multiplications, and time measured here",
                                () -> new DeviceView(context.device()),
                                context.device()::setShowing)),
                new CardButtons(context.cards(), ShownCard.PAGES));
    }

    private static SlicesView channels(ApplicationContext context, ObservableValue<Palette> palette) {
        SlicesView view = new SlicesView(context.slices());
        view.paletteProperty().bind(palette);
        return view;
    }

    private static CodesView codes(
            ApplicationContext context, ObservableValue<Palette> palette, DoubleConsumer onLevel) {
        CodesView view = new CodesView(context.codes());
        view.setOnCode(place -> context.selected()
                .viewProperty()
                .get()
                .flatMap(SelectedTensor.View::grid)
                .filter(grid -> place < grid.size())
                .ifPresent(grid -> onLevel.accept(grid.level(place))));
        view.paletteProperty().bind(palette);
        return view;
    }

    private static GraphView graph(ApplicationContext context, ObservableValue<Palette> palette) {
        GraphView view = new GraphView(context.graph());
        view.paletteProperty().bind(palette);
        return view;
    }
}
