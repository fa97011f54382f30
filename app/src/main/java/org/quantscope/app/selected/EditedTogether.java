package org.quantscope.app.selected;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;

/** The tensor in hand and the others of its kind that are marked in the list: a change of settings is for all of them. */
record EditedTogether(Workbench bench) {
    /**
     * The change as one edit.
     *
     * @param own the setting of the tensor in hand
     * @throws IllegalArgumentException if the scheme of one of them does not support it
     */
    Edit edit(QuantizableTensor subject, QuantSpec own, String title, UnaryOperator<QuantSpec> change) {
        List<Edit> edits = new ArrayList<>();
        edits.add(override(subject, own, change));
        for (QuantizableTensor other : others(subject)) {
            bench.spec(other).ifPresent(spec -> edits.add(override(other, spec, change)));
        }
        return new Edit.All(edits.size() == 1 ? title : title + " for " + edits.size() + " tensors", edits);
    }

    private static Edit override(QuantizableTensor subject, QuantSpec spec, UnaryOperator<QuantSpec> change) {
        QuantSpec next = change.apply(spec);
        if (subject instanceof QuantizableTensor.Activation
                && next.quantizer().traits().blockSize() > 0) {
            throw new IllegalArgumentException("scheme: " + next.quantizer().title()
                    + " has a scale for each block, an activation has one for the whole tensor");
        }
        next.check();
        return new Edit.SetOverride(subject.id(), next);
    }

    /** Those that are quantized. */
    private List<QuantizableTensor> others(QuantizableTensor subject) {
        return bench.chosenProperty().get().stream()
                .filter(id -> !id.equals(subject.id()))
                .flatMap(id -> bench.subject(id).stream())
                .filter(other -> other.getClass().equals(subject.getClass())
                        && bench.spec(other).isPresent())
                .toList();
    }

    int count(QuantizableTensor subject) {
        return 1 + others(subject).size();
    }

    /** Their settings, that of the tensor in hand first. */
    List<QuantSpec> specs(QuantizableTensor subject, QuantSpec own) {
        return Stream.concat(Stream.of(own), others(subject).stream().flatMap(t -> bench.spec(t).stream()))
                .toList();
    }
}
