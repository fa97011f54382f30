package org.quantscope.core.loader;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.testkit.ArrayFiles;

class PackedWeightsTest {
    @TempDir
    private Path folder;

    private Model open(String codes) throws IOException {
        String header = "{\"l.qweight\":{\"dtype\":\"" + codes + "\",\"shape\":[2,4],\"data_offsets\":[0,32]},"
                + "\"l.qzeros\":{\"dtype\":\"I32\",\"shape\":[1,1],\"data_offsets\":[32,36]},"
                + "\"l.scales\":{\"dtype\":\"F16\",\"shape\":[1,4],\"data_offsets\":[36,44]},"
                + "\"l.g_idx\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[44,48]},"
                + "\"head.scales\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[48,64]}}";
        return ModelLoaders.open(
                Files.write(folder.resolve(codes + ".safetensors"), ArrayFiles.safetensors(header, new byte[64])));
    }

    /** The scales of packed codes look like a matrix of floats, and once were quantized as one. */
    @Test
    void partsOfAPackedLayerAreNoWeightsAndThatIsSaid() throws IOException {
        Model model = open("I32");

        assertThat(model.tensors())
                .filteredOn(t -> t.info().kind() == TensorKind.WEIGHT)
                .extracting(Tensor::id)
                .asString()
                .isEqualTo("[head.scales]");
        assertThat(model.notes()).singleElement().asString().startsWith("1 layer is quantized already");
    }

    @Test
    void floatingValuesOfThatNameArePackedByNobody() throws IOException {
        Model model = open("F32");

        assertThat(model.notes()).isEmpty();
        assertThat(model.tensors().stream().filter(t -> t.info().kind() == TensorKind.WEIGHT))
                .hasSize(3);
    }
}
