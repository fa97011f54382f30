package org.quantscope.core.loader;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.quantscope.core.model.Model;
import org.quantscope.core.synthetic.SyntheticFile;
import org.quantscope.core.synthetic.SyntheticTensor;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorInfo;

/** Draws the values of a synthetic tensor. Its name is that of the file without {@code .synthetic}. */
public final class SyntheticLoader implements ModelLoader {
    @Override
    public String id() {
        return "synthetic";
    }

    @Override
    public String title() {
        return "Synthetic tensor";
    }

    @Override
    public String source() {
        return "https://doi.org/10.1145/2660193.2660195";
    }

    @Override
    public boolean matches(byte[] head, long fileBytes) {
        return SyntheticFile.matches(head);
    }

    @Override
    public Model load(Path file, boolean withData) throws IOException {
        SyntheticTensor recipe = SyntheticFile.read(file);
        String name = SyntheticFile.tensorName(file);
        TensorInfo info = recipe.info(name);
        Tensor tensor = withData
                ? recipe.tensor(name)
                : new Tensor(info, TensorData.unread(info.dtype(), info.shape().count()));
        return new Model(file, id(), OptionalInt.empty(), List.of(tensor), Optional.empty(), List.of());
    }
}
