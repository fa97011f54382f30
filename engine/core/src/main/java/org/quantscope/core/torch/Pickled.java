package org.quantscope.core.torch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.tensor.Shape;

/**
 * What a pickle describes. Nothing of it is run: a call of anything but the few functions that make tensors and dictionaries
 * stays an {@link Unknown} with its name.
 */
sealed interface Pickled {
    /** A number, a truth value, or None as an empty text. */
    record Plain(Object value) implements Pickled {}

    record Text(String value) implements Pickled {}

    /** A list, a tuple or a set; it may hold itself. */
    record Items(List<Pickled> values) implements Pickled {
        Items() {
            this(new ArrayList<>());
        }

        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }

        @Override
        public String toString() {
            return values.size() + " items";
        }
    }

    /** A dictionary; keys are texts, or numbers as texts. It may hold itself. */
    record Entries(Map<String, Pickled> values) implements Pickled {
        Entries() {
            this(new LinkedHashMap<>());
        }

        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }

        @Override
        public String toString() {
            return values.size() + " entries";
        }
    }

    /** The name of a class or function. */
    record Name(String module, String name) implements Pickled {
        String full() {
            return module + "." + name;
        }
    }

    /** An object of a class that is not known here. */
    record Unknown(String of) implements Pickled {}

    /**
     * The values of one or more tensors.
     *
     * @param dtype the name of the element type in PyTorch, such as {@code float32}; empty if the tensor says it
     * @param key by which the file holds it
     * @param count of its elements; of its bytes without a type
     */
    record Storage(String dtype, String key, long count) implements Pickled {}

    /**
     * A tensor.
     *
     * @param dtype the name of the element type in PyTorch
     * @param offset of the first element in the storage
     * @param strides how far apart neighbours along each axis lie, in elements
     */
    record TensorView(Storage storage, String dtype, long offset, Shape shape, List<Long> strides) implements Pickled {}
}
