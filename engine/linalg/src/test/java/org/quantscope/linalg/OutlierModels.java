package org.quantscope.linalg;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.session.Session;
import org.quantscope.core.tensor.Tensor;

/** Small models in which some channels are far larger than the others. */
final class OutlierModels {
    static final int TIMES = 40;

    private OutlierModels() {}

    /** The digits network, which computes the same, with two channels of each hidden value 40 times as large. */
    static Model digits() throws IOException {
        Model model = SampleRun.open("digits_mlp");
        ModelRewrite rewrite = new ModelRewrite(model);
        var layers = WeightedLayer.of(model);
        for (int l = 0; l < layers.size(); l++) {
            WeightedLayer layer = layers.get(l);
            float[] w = layer.weight().data().toFloats();
            int inputs = layer.inputs();
            for (int i = 0; i < w.length; i++) {
                int out = i / inputs;
                int in = i % inputs;
                w[i] *= l + 1 < layers.size() && outlier(out) ? TIMES : 1;
                w[i] /= l > 0 && outlier(in) ? TIMES : 1;
            }
            rewrite.values(layer.id(), w);
            if (l + 1 < layers.size()) {
                Tensor bias = layer.bias(model).tensor().orElseThrow();
                float[] b = bias.data().toFloats();
                for (int o = 0; o < b.length; o++) {
                    b[o] *= outlier(o) ? TIMES : 1;
                }
                rewrite.values(bias.id(), b);
            }
        }
        return rewrite.model();
    }

    static boolean outlier(int channel) {
        return channel == 3 || channel == 8;
    }

    static Dataset data() throws IOException {
        return SampleRun.data("digits_calibration", 256);
    }

    /** What a correction of such a model gets. */
    static Correction.Input input(Model model, int bits, int activationBits) throws IOException {
        Session settings = SampleRun.settings(model, bits, true, activationBits, data());
        return new Correction.Input(model, Map.of(), Optional.of(data()), Optional.of(settings));
    }
}
