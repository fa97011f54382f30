package org.quantscope.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Expected figures were read from the files with the onnx 1.12 Python package and NumPy. */
class OnnxSampleModelsTest {
    private static Path sample(String name) {
        return Path.of(System.getProperty("quantscope.samples"), name + ".onnx");
    }

    private static Tensor tensor(String model, String name) throws IOException {
        return ModelLoaders.open(sample(model)).find(new TensorId(name)).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "digits_mlp, 6, 3, 3",
        "fashion_lenet, 8, 4, 4",
        "fashion_lenet_unequalized, 8, 4, 4",
        "fashion_mobilenet, 111, 18, 1",
        "fashion_mobilenet_folded, 60, 18, 18",
        "fashion_resnet, 20, 10, 10",
        "fashion_vit, 115, 14, 2",
        "fashion_vit_outliers, 115, 14, 2"
    })
    void everyStoredTensorIsListedWithItsKind(String name, int tensors, long weights, long biases) throws IOException {
        Model model = ModelLoaders.open(sample(name));

        assertThat(model.format()).isEqualTo("onnx");
        assertThat(model.opset()).isEqualTo(OptionalInt.of(13));
        assertThat(model.graph()).isPresent();
        assertThat(model.notes()).isEmpty();
        assertThat(model.tensors()).hasSize(tensors);
        assertThat(model.tensors().stream().filter(t -> t.info().kind() == TensorKind.WEIGHT))
                .hasSize((int) weights);
        assertThat(model.tensors().stream().filter(t -> t.info().kind() == TensorKind.BIAS))
                .hasSize((int) biases);
    }

    @Test
    void depthwiseWeightKnowsItsConsumerGroupsAndAxis() throws IOException {
        TensorInfo info = tensor("fashion_mobilenet", "f.1.f.1.0.weight").info();

        assertThat(info)
                .isEqualTo(new TensorInfo(
                        new TensorId("f.1.f.1.0.weight"),
                        TensorKind.WEIGHT,
                        DType.F32,
                        Shape.of(64, 1, 3, 3),
                        OptionalInt.of(0),
                        List.of(new Consumer("/f/f.1/f/f.1/f.1.0/Conv", "Conv", 1, 64))));
        assertThat(info.isDepthwise()).isTrue();
    }

    @Test
    void matMulWeightHasItsChannelsLast() throws IOException {
        assertThat(tensor("fashion_vit", "onnx::MatMul_345").info().channelAxis())
                .isEqualTo(OptionalInt.of(1));
    }

    @Test
    void constantThatNoMatrixProductReadsIsNoWeight() throws IOException {
        assertThat(tensor("fashion_vit", "e").info().kind()).isEqualTo(TensorKind.CONSTANT);
        assertThat(tensor("fashion_mobilenet", "f.0.1.running_var").info().kind())
                .isEqualTo(TensorKind.CONSTANT);
        assertThat(tensor("fashion_mobilenet", "/f/f.0/f.0.2/Constant_output_0")
                        .info()
                        .shape())
                .isEqualTo(Shape.of());
    }

    @ParameterizedTest
    @CsvSource({
        "fashion_lenet, c1.weight, -0.061033305, 0.17991841, -1.4169094157405198",
        "fashion_lenet, f1.weight, 0.011711759, -0.011547273, -210.9625778113949",
        "fashion_lenet, f2.bias, -0.026015325, 0.06378625, 0.1318096062168479",
        "fashion_mobilenet, f.0.1.running_var, 0.26743746, 0.04186517, 7.166161872446537",
        "fashion_mobilenet, f.1.f.1.0.weight, 0.19401854, 0.14173305, -11.774027920968365",
        "fashion_vit, e, -0.13554126, 0.024483506, 0.1091676347568864",
        "fashion_vit, onnx::MatMul_345, -0.10446908, 0.07272135, 5.01630627022837"
    })
    void valuesAreThoseOfTheFile(String model, String name, float first, float last, double sum) throws IOException {
        float[] values = tensor(model, name).data().toFloats();

        assertThat(values[0]).isEqualTo(first);
        assertThat(values[values.length - 1]).isEqualTo(last);
        double total = 0;
        for (float v : values) {
            total += v;
        }
        assertThat(total).isCloseTo(sum, within(1e-9));
    }

    @Test
    void rawValuesAreNotCopied() throws IOException {
        assertThat(tensor("fashion_lenet", "f1.weight").data().segment().isNative())
                .isTrue();
    }

    @Test
    void headerListsTheSameTensorsAndGivesNoValues() throws IOException {
        Model model = ModelLoaders.open(sample("fashion_mobilenet"));
        Model header = ModelLoaders.openHeader(sample("fashion_mobilenet"));

        assertThat(header.tensors())
                .extracting(Tensor::info)
                .isEqualTo(model.tensors().stream().map(Tensor::info).toList());
        assertThat(header.tensors().getFirst().data().isRead()).isFalse();
        assertThatThrownBy(() -> header.tensors().getFirst().data().read(0, new float[1], 0, 1))
                .isInstanceOf(IllegalStateException.class);
    }
}
