package org.quantscope.app.tensors;

import java.util.List;
import java.util.Optional;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.tensor.TensorId;

/** Explains to the user why the tensors of a graph have quantizers or not. */
final class PlacementWords {
    private PlacementWords() {}

    /**
     * Why an activation is quantized, tied or in float, and which others share its parameters; or why a weight stays in
     * float. Empty for other weights.
     */
    static Optional<String> of(OnnxGraph graph, TensorId id) {
        return graph.floatWeights().stream()
                .filter(w -> w.info().id().equals(id))
                .findFirst()
                .map(w -> "in float: " + w.site().reason())
                .or(() -> graph.placement().site(id).map(site -> of(graph.placement(), site)));
    }

    private static String of(Placement placement, Placement.Site site) {
        List<String> sharing = placement.tiedTo(site.id()).stream()
                .map(s -> Invisible.escaped(s.id().name()))
                .toList();
        String state = switch (site.state()) {
            case OWN -> "quantized: ";
            case TIED ->
                "tied to "
                        + placement
                                .parametersOf(site.id())
                                .map(id -> Invisible.escaped(id.name()))
                                .orElse("") + ": ";
            case FLOAT -> "in float: ";
        };
        return state
                + site.reason()
                + (sharing.isEmpty() ? "" : "\nshares its parameters with " + String.join(", ", sharing));
    }
}
