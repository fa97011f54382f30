package org.quantscope.app.window;

import java.util.List;
import java.util.stream.Stream;
import javafx.scene.Node;
import org.quantscope.app.command.Command;
import org.quantscope.app.ui.Copyable;
import org.quantscope.core.plot.Plot;

/** For the palette: what can be done with each chart that is visible. */
final class FigureCommands {
    private FigureCommands() {}

    static List<Command> of(Node root) {
        return Copyable.under(root).stream()
                .flatMap(chart -> {
                    Plot plot = chart.figures().getFirst();
                    return Stream.of(
                            Command.of(
                                    "chart-copy-picture-" + plot.id(),
                                    "Copy as picture: " + plot.title(),
                                    "chart",
                                    chart::copyPicture),
                            Command.of(
                                    "chart-copy-svg-" + plot.id(),
                                    "Copy as SVG: " + plot.title(),
                                    "chart",
                                    chart::copySvg),
                            Command.of(
                                    "chart-copy-csv-" + plot.id(),
                                    "Copy numbers: " + plot.title(),
                                    "chart",
                                    chart::copyNumbers),
                            Command.of("chart-save-" + plot.id(), "Save: " + plot.title(), "chart", chart::save));
                })
                .toList();
    }
}
