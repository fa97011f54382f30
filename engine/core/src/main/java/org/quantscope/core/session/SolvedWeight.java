package org.quantscope.core.session;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;

/**
 * What a rounding that looks at a whole layer has chosen for one weight: a result, never a choice. It holds as long as
 * nothing changes that it was made from.
 */
public sealed interface SolvedWeight {
    /** The SHA-256 of everything that it was made from, in lower-case hex. */
    String madeFrom();

    /** About how much memory it takes, in bytes. */
    long bytes();

    /**
     * The codes of all values, with the parameters that belong to them.
     *
     * @param bias the layer's bias that moved with them; empty if it stayed
     */
    record Solution(String madeFrom, QuantParams params, PackedCodes codes, Optional<MovedBias> bias)
            implements SolvedWeight {
        @Override
        public long bytes() {
            return codes.bytes().length
                    + 4L * params.slices()
                    + bias.map(b -> 4L * b.values().length).orElse(0L);
        }
    }

    /**
     * The weight keeps its nearest levels.
     *
     * @param why the reason, a clause
     */
    record Nearest(String madeFrom, String why) implements SolvedWeight {
        @Override
        public long bytes() {
            return 2L * why.length();
        }
    }

    /**
     * The values that a bias has instead of those of the model.
     *
     * @param values [channels], float32; not to be changed
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by content
    record MovedBias(TensorId id, float[] values) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof MovedBias o && id.equals(o.id) && Arrays.equals(values, o.values);
        }

        @Override
        public int hashCode() {
            return 31 * id.hashCode() + Arrays.hashCode(values);
        }
    }
}
