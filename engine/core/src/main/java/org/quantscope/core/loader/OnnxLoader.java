package org.quantscope.core.loader;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxFile;

/** Reads ONNX models; {@link OnnxFile} lists the supported versions. */
public final class OnnxLoader implements ModelLoader {
    @Override
    public String id() {
        return "onnx";
    }

    @Override
    public String title() {
        return "ONNX";
    }

    @Override
    public String source() {
        return "https://github.com/onnx/onnx/blob/main/docs/IR.md";
    }

    @Override
    public boolean matches(byte[] head, long fileBytes) {
        return OnnxFile.matches(head);
    }

    @Override
    public Model load(Path file, boolean withData) throws IOException {
        OnnxFile read = OnnxFile.read(file, withData);
        Model model = new Model(
                file, id(), OptionalInt.of(read.opset()), read.tensors(), Optional.of(read.graph()), read.notes());
        Optional<OnnxFile.Quantized> quantized = read.floatForm(file);
        return quantized.isEmpty()
                ? model
                : new Model(
                        file,
                        id(),
                        OptionalInt.of(read.opset()),
                        quantized.get().floats().tensors(),
                        Optional.of(quantized.get().floats().graph()),
                        notes(quantized.get()),
                        Set.of(),
                        Optional.of(quantized.get().own()));
    }

    @Override
    public SortedMap<String, Path> companions(Path file) throws IOException {
        return OnnxFile.companions(file);
    }

    private static List<String> notes(OnnxFile.Quantized quantized) {
        List<String> notes = new ArrayList<>();
        notes.add(quantized.own().said());
        notes.addAll(quantized.floats().notes());
        return notes;
    }
}
