package org.quantscope.app.selected;

import java.util.Optional;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.model.Model;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.rounding.ModelMoments;

/**
 * What is known of what the layer of a weight reads.
 *
 * @param moments empty if it is not known
 * @param why a clause that says why it is not known; empty if it is, and for activations
 * @param restsOn the data, with the number of samples; empty if it is not known
 */
public record LayerReading(Optional<LayerMoments> moments, String why, String restsOn) {
    static LayerReading of(QuantizableTensor subject, Workbench bench) {
        if (!(subject instanceof QuantizableTensor.Weight)) {
            return without("");
        }
        if (bench.analysed().flatMap(Model::graph).isEmpty()) {
            return without("the file holds no model that can be run");
        }
        if (bench.calibrationData().isEmpty()) {
            return without("open calibration data to see it");
        }
        ModelMoments seen = bench.calibration().moments().orElse(null);
        if (seen == null) {
            return without("waits for the inputs of layers");
        }
        LayerMoments moments = seen.of(subject.id()).orElse(null);
        return moments == null
                ? without(seen.why(subject.id()))
                : new LayerReading(
                        Optional.of(moments),
                        "",
                        Figures.count(seen.samples()) + " samples of "
                                + bench.calibrationData().orElseThrow().file().getFileName()
                                + (moments.isWhole()
                                        ? ""
                                        : "; for want of memory, inputs that are " + Figures.count(moments.block())
                                                + " or more apart count as uncorrelated"));
    }

    private static LayerReading without(String why) {
        return new LayerReading(Optional.empty(), why, "");
    }
}
