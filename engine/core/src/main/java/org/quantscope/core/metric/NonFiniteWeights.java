package org.quantscope.core.metric;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Stored tensors with values that are no numbers: training has failed, or the file is damaged. Whatever is computed with
 * them says nothing, so it is said on opening and beside every accuracy. An infinite constant may be meant (as a mask);
 * an infinite weight or bias is not.
 */
public final class NonFiniteWeights {
    private static final int CHUNK = 1 << 14;

    private NonFiniteWeights() {}

    /**
     * One such tensor.
     *
     * @param nan how many of its values are NaN
     * @param infinite how many are infinite
     * @param count of all its values
     */
    public record Found(TensorId id, long nan, long infinite, long count) {}

    /**
     * Looks at every stored floating value, on all cores.
     *
     * @return in the order of the file
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static List<Found> in(List<Tensor> tensors, CancelToken cancel) {
        return tensors.parallelStream()
                .filter(t -> t.info().dtype().isFloating())
                .map(t -> look(t, cancel))
                .filter(Objects::nonNull)
                .toList();
    }

    private static @Nullable Found look(Tensor tensor, CancelToken cancel) {
        TensorData data = tensor.data();
        float[] buffer = new float[(int) Math.min(CHUNK, data.count())];
        long nan = 0;
        long infinite = 0;
        for (long at = 0; at < data.count(); at += buffer.length) {
            cancel.check();
            int n = (int) Math.min(buffer.length, data.count() - at);
            data.read(at, buffer, 0, n);
            for (int i = 0; i < n; i++) {
                nan += Float.isNaN(buffer[i]) ? 1 : 0;
                infinite += Float.isInfinite(buffer[i]) ? 1 : 0;
            }
        }
        return of(tensor.info(), nan, infinite).orElse(null);
    }

    /** What is to be said of a stored tensor with so many NaN and infinite values; empty if nothing is. */
    public static Optional<Found> of(TensorInfo info, long nan, long infinite) {
        long counted = info.kind() == TensorKind.CONSTANT ? 0 : infinite;
        return nan + counted == 0
                ? Optional.empty()
                : Optional.of(new Found(info.id(), nan, counted, info.shape().count()));
    }

    /** A sentence for a person; empty if there is nothing to say. */
    public static Optional<String> sentence(List<Found> found) {
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Found first = found.getFirst();
        String what = first.nan() > 0 && first.infinite() > 0
                ? first.nan() + " NaN and " + first.infinite() + " infinite"
                : first.nan() > 0 ? first.nan() + " NaN" : first.infinite() + " infinite";
        return Optional.of(first.id() + " holds " + what + " among its " + first.count() + " values"
                + (found.size() > 1 ? ", and " + (found.size() - 1) + " more tensors hold such" : "")
                + ": no accuracy of this model means anything.");
    }
}
