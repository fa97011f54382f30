package org.quantscope.app;

import java.nio.file.Path;
import java.util.Optional;
import org.quantscope.app.session.SessionViewModel.Sample;

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
}
