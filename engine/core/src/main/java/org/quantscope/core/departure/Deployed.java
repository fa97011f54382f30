package org.quantscope.core.departure;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;

/** A deployed form of a model, whose values inside can be read. */
interface Deployed extends AutoCloseable {
    /**
     * A value that can be read.
     *
     * @param name by which it is known to a person
     * @param aliases further names that it may have in the float model
     * @param grid that its codes lie on; empty for one that is float
     * @param readAs the grid by which its readers understand its codes; equal to {@code grid} unless the file is at odds
     *     with itself
     * @param inFloats the names of the value in {@link #floats}; empty without such a model
     * @param behindRelu true if its grid does the work of a Relu that the file leaves out, so that its name may be that of
     *     the value in front
     * @param flat true if only the number of its values is known, not their shape
     */
    record Value(
            String name,
            List<String> aliases,
            Optional<QuantParams> grid,
            Optional<QuantParams> readAs,
            List<String> inFloats,
            boolean behindRelu,
            boolean flat) {
        public Value {
            aliases = List.copyOf(aliases);
            inFloats = List.copyOf(inFloats);
        }
    }

    Path file();

    /** The values that can be read, in the order of the graph if there is one, those that are fed first. */
    List<Value> values();

    /** What the deployed model computes on floats, with its own weights; empty if only values are known. */
    Optional<Model> floats();

    /** True if the values of planes have their channels last, as in TensorFlow Lite. */
    default boolean hasChannelsLast() {
        return false;
    }

    /** The batch size that it is bound to; 0 if it is free. */
    int fixedBatch();

    /** The number of samples that it can give values of. */
    int samples();

    /**
     * Its values for some samples.
     *
     * @param fed what the float model is fed, by input, in the float model's shape and order of inputs
     * @param samples indices into the data
     * @return by name; what the readers of the value understand
     */
    Map<String, Values> run(Map<String, Values> fed, int[] samples, CancelToken cancel);

    @Override
    void close();
}
