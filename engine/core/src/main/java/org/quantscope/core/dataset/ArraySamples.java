package org.quantscope.core.dataset;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;

/**
 * Samples of one shape in one array, in their stored type.
 *
 * @param raw all samples, one after the other
 * @param sample the shape of one
 * @param labels one for each sample, empty if there are none
 * @param targets floating labels, empty if there are none
 * @param labelColumn for a table, the column in which labels or targets were found
 * @param side further arrays for other inputs of a model
 * @param labelForm what is said of labels that are boxes or strings
 */
record ArraySamples(
        Path file,
        String sha256,
        int size,
        TensorData raw,
        Shape sample,
        Optional<Labels> labels,
        List<String> classes,
        Optional<String> origin,
        Preprocessing stated,
        Path said,
        String what,
        Optional<Targets> targets,
        Optional<String> labelColumn,
        SideArrays side,
        List<String> leftOut,
        SortedMap<String, String> companions,
        LabelForm labelForm)
        implements Samples {
    ArraySamples(
            Path file,
            String sha256,
            int size,
            TensorData raw,
            Shape sample,
            Optional<Labels> labels,
            List<String> classes,
            Optional<String> origin,
            Preprocessing stated,
            Path said,
            String what,
            Optional<Targets> targets,
            Optional<String> labelColumn,
            SideArrays side,
            List<String> leftOut) {
        this(
                file,
                sha256,
                size,
                raw,
                sample,
                labels,
                classes,
                origin,
                stated,
                said,
                what,
                targets,
                labelColumn,
                side,
                leftOut,
                Collections.emptySortedMap(),
                LabelForm.USUAL);
    }

    @Override
    public ArraySamples withCompanions(SortedMap<String, String> hashes) {
        return new ArraySamples(
                file,
                sha256,
                size,
                raw,
                sample,
                labels,
                classes,
                origin,
                stated,
                said,
                what,
                targets,
                labelColumn,
                side,
                leftOut,
                hashes,
                labelForm);
    }

    /** The same with what a sidecar says of its labels. */
    ArraySamples withLabelForm(LabelForm form) {
        return new ArraySamples(
                file,
                sha256,
                size,
                raw,
                sample,
                labels,
                classes,
                origin,
                stated,
                said,
                what,
                targets,
                labelColumn,
                side,
                leftOut,
                companions,
                form);
    }

    @Override
    public Optional<Shape> shape() {
        return Optional.of(sample);
    }

    @Override
    public DType dtype() {
        return raw.dtype();
    }

    @Override
    public Optional<Shape> targetShape() {
        return targets.map(Targets::shape);
    }

    @Override
    public void target(int i, float[] out) {
        targets.orElseThrow(() -> new IllegalStateException("targets: " + file.getFileName() + " has none"))
                .read(i, out);
    }

    @Override
    public Map<String, Shape> others() {
        return side.shapes();
    }

    @Override
    public void other(String name, int i, float[] out, int at) {
        side.read(name, i, out, at);
    }
}
