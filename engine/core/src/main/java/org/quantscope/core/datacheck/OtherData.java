package org.quantscope.core.datacheck;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.job.CancelToken;

/**
 * Data to compare with the calibration data, opened.
 *
 * @param likeCalibration true if it says nothing of how it is prepared and is prepared like the calibration data
 */
public record OtherData(Dataset data, boolean likeCalibration) {
    /**
     * Opens data as its sidecar says; data that says nothing is prepared like the calibration data, without its corruption:
     * samples of the field come without a sidecar.
     *
     * @throws org.quantscope.core.io.BadInputException if the data is damaged or cannot be prepared so
     * @throws IOException if it cannot be read at all
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static OtherData open(Path file, Dataset calibration, CancelToken cancel) throws IOException {
        return open(file, calibration, UnaryOperator.identity(), cancel);
    }

    /**
     * Opens data as its sidecar says, or like the calibration data.
     *
     * @param change a last change of how it is prepared
     */
    public static OtherData open(
            Path file, Dataset calibration, UnaryOperator<Preprocessing> change, CancelToken cancel)
            throws IOException {
        Samples samples = Datasets.samples(file, cancel);
        Optional<Preprocessing> like = calibration
                .preprocessing()
                .map(how -> how.withCorruption(Optional.empty()))
                .filter(how -> samples.stated().equals(Preprocessing.NONE) && !how.equals(Preprocessing.NONE));
        Preprocessing how = change.apply(like.orElse(samples.stated()));
        return new OtherData(
                how.equals(samples.stated()) ? Datasets.prepare(samples) : Datasets.prepare(samples, how),
                like.isPresent());
    }
}
