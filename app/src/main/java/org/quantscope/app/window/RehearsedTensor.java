package org.quantscope.app.window;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.quantscope.app.selected.CodeUse;
import org.quantscope.app.selected.ErrorViewModel;
import org.quantscope.app.selected.OutputNote;
import org.quantscope.app.selected.QuantizerViewModel;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.selected.SlicesViewModel;
import org.quantscope.app.session.Activations;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.OpenModel;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Notices;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * A small tensor of made-up values, selected on a workbench of its own, with the view-models that follow a drag. It has
 * no file and shares nothing with what is open; all its work runs on the thread that calls it.
 */
record RehearsedTensor(
        SelectedTensor selected, QuantizerViewModel quantizer, ErrorViewModel error, SlicesViewModel slices) {
    private static final int ROWS = 64;
    private static final int COLUMNS = 64;
    private static final double DEVIATION = 0.05;

    private static final Notices NOBODY = new Notices() {
        @Override
        public void problem(String message) {}

        @Override
        public void done(String message) {}
    };

    static RehearsedTensor make() {
        Background here = Background.of(Runnable::run, Runnable::run, NOBODY);
        Workbench bench = new Workbench();
        Measurements measurements = new Measurements(bench, here);
        Solutions solutions = new Solutions(bench, measurements, here);
        SelectedTensor selected = new SelectedTensor(bench, measurements, solutions, here);
        QuantizerViewModel quantizer =
                new QuantizerViewModel(selected, solutions, new Activations(bench, here), bench, NOBODY);
        RehearsedTensor made = new RehearsedTensor(
                selected,
                quantizer,
                new ErrorViewModel(
                        selected,
                        measurements,
                        new CodeUse(bench, selected, solutions, here),
                        new OutputNote(bench, measurements.outputs(), selected, here)),
                new SlicesViewModel(selected, quantizer));
        made.slices.setShowing(true);
        selected.curveShowingProperty().set(true);
        Model model = new Model(
                Path.of("rehearsal"), "rehearsal", OptionalInt.empty(), List.of(values()), Optional.empty(), List.of());
        OpenModel opened = new OpenModel(model, model, new FileRef(model.file(), ""));
        bench.show(
                opened,
                SessionState.of(opened.file()),
                ActivationRanges.NONE,
                Optional.empty(),
                List.of(),
                Optional.empty());
        return made;
    }

    private static Tensor values() {
        Random random = new Random(1);
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * DEVIATION);
        }
        return new Tensor(
                TensorInfo.withoutGraph(new TensorId("rehearsal.weight"), DType.F32, Shape.of(ROWS, COLUMNS)),
                TensorData.of(values));
    }
}
