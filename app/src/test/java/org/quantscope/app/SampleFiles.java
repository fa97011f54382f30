package org.quantscope.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import org.quantscope.app.session.SessionViewModel.Sample;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;

/** The sample models and their data, as tests of the window open them. */
public final class SampleFiles {
    public static final Path FOLDER = Path.of(System.getProperty("quantscope.samples"));
    public static final Path DIGITS = FOLDER.resolve("digits_mlp.onnx");
    public static final Path DIGITS_TEST = FOLDER.resolve("digits_test.npz");

    private SampleFiles() {}

    /** The digits with both kinds of data. */
    public static Sample digits() {
        return new Sample("digits", DIGITS, DIGITS_TEST, FOLDER.resolve("digits_calibration.npz"), Optional.empty());
    }

    /** Has the digits model calibrated on its data. To be called on the thread of the view-models. */
    public static void calibrateDigits(ApplicationContext context) {
        try {
            FileRef data = context.bench().keep(Datasets.open(FOLDER.resolve("digits_calibration.npz")));
            context.bench().apply(new Edit.RelinkCalibrationData(Optional.of(data)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
