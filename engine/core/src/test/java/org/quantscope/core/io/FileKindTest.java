package org.quantscope.core.io;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.testkit.TinyModels.external;
import static org.quantscope.testkit.TinyModels.graph;
import static org.quantscope.testkit.TinyModels.model;
import static org.quantscope.testkit.TinyModels.node;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.SessionFile;
import org.quantscope.testkit.ArrayFiles;

class FileKindTest {
    private static final String POINTER = "version https://git-lfs.github.com/spec/v1\n"
            + "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 98765\n";

    @TempDir
    Path folder;

    private static Arguments file(String bytes, String what, String todo) {
        return Arguments.of(bytes.getBytes(ISO_8859_1), what, todo);
    }

    private static Arguments zip(String what, String todo, String... members) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (String member : members) {
                out.putNextEntry(new ZipEntry(member));
                out.write(member.getBytes(ISO_8859_1));
            }
        }
        return Arguments.of(bytes.toByteArray(), what, todo);
    }

    private static String tar(String name) {
        return name + "\0".repeat(257 - name.length()) + "ustar\00000" + "\0".repeat(248);
    }

    /** A TFRecord of 4 bytes; the checksum is the published one of the length 4. */
    private static String tfRecord() {
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        byte[] length = {4, 0, 0, 0, 0, 0, 0, 0};
        crc.update(length);
        int value = (int) crc.getValue();
        int masked = ((value >>> 15) | (value << 17)) + 0xa282ead8;
        return new String(
                ByteBuffer.allocate(20)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(length)
                        .putInt(masked)
                        .array(),
                ISO_8859_1);
    }

    static Stream<Arguments> foreign() throws IOException {
        return Stream.of(
                file(POINTER, "a Git LFS pointer in place of the file itself, which has 98765 bytes", "git lfs pull"),
                file("/annex/objects/SHA256E-s12--ab.onnx\n", "git-annex pointer", "git annex get"),
                file("outs:\n- md5: ab\n  size: 1\n  path: m.onnx\n", "DVC pointer", "dvc pull"),
                file("../../blobs/4d7a214614ab", "the text of a link", "download"),
                file("<!DOCTYPE html>\n<html><title>Sign in</title>", "an HTML page", "download"),
                file("\n  <HTML><body>", "an HTML page", "download"),
                file("{\"error\":\"Invalid username\"}", "the error message of a server", "download"),
                file(
                        "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>",
                        "error message of a server",
                        "download"),
                file("Entry not found", "error message of a server", "download"),
                file("<?xml version=\"1.0\"?>\n<net name=\"m\" version=\"11\">", "an OpenVINO model", "ONNX"),
                file("<?xml version=\"1.0\"?><annotation/>", "an XML file", "supported"),
                file("%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n", "a PDF document", "supported"),
                zip("a TorchScript program", "torch.onnx.export", "m/data.pkl", "m/code/m.py", "m/constants.pkl"),
                zip("TensorFlow SavedModel", "tf2onnx", "m/", "m/saved_model.pb"),
                zip("an office document", "CSV", "[Content_Types].xml", "xl/workbook.xml"),
                zip("a zip archive without a .npy array", "unpack", "cats/1.png"),
                file(tar("sys_info"), "PyTorch file in its oldest format", "torch.onnx.export"),
                file("\u0080\u0004\u0095\u0010\0\0\0\0\0\0\0}q\0.", "a Python pickle", "not opened"),
                file("\u0020\0\0\0ORTM\0\0", "ONNX Runtime's own format", ".onnx"),
                file("\u0020\0\0\0ET12\0\0", "an ExecuTorch program", "torch.onnx.export"),
                file("lmgg\u0001\0\0\0", "a GGML model", "float model"),
                file("\u0008\u0005\u0012\u0006\n\u0004\n\u0002in\u0092\u001f\u0002\n\0", "a Core ML model", "ONNX"),
                file("\u0008\u0001\u0012\n\n\u0008\"\u0005serve\0", "a TensorFlow SavedModel", "tf2onnx"),
                file("\n\u0012\n\u0001x\u0012\u000bPlaceholder\0\0", "a TensorFlow graph", "tf2onnx"),
                file("\n\u0005LeNet\u00a2\u0006\u0004\n\u0002c1\0", "a Caffe model", "ONNX"),
                file(
                        "\n\u0010\u0008\0\u0010\u00ff\u00ff\u00ff\u00ff\u000f\u001a\0",
                        "a PaddlePaddle model",
                        "paddle2onnx"),
                Arguments.of(
                        TensorProto.newBuilder()
                                .addDims(1)
                                .addDims(2)
                                .setDataType(1)
                                .setName("input")
                                .setRawData(com.google.protobuf.ByteString.copyFrom(new byte[8]))
                                .build()
                                .toByteArray(),
                        "a single ONNX tensor",
                        "numpy"),
                file("ftrt\0\0\0\0", "a TensorRT engine", "ONNX"),
                file("7767517\n75 83\nInput data 0 1", "an ncnn graph", "ONNX"),
                file("[net]\nbatch=1\n", "a Darknet config", "ONNX"),
                file("\u001f\u008b\u0008\0\0\0\0\0", "a gzip archive", "unpack"),
                file("BZh91AY&SY\0\0", "a bzip2 archive", "unpack"),
                file("\u00fd7zXZ\0\0\u0004", "an xz archive", "unpack"),
                file("(\u00b5/\u00fd\0\0", "a Zstandard archive", "unpack"),
                file("7z\u00bc\u00af'\u001c\0\u0004", "a 7z archive", "unpack"),
                file("Rar!\u001a\u0007\u0001\0", "a RAR archive", "unpack"),
                file(tar("model/"), "a tar archive", "unpack"),
                file("\u0089PNG\r\n\u001a\n\0\0\0\rIHDR", "a picture (PNG)", "supported"),
                file("PAR1\u0015\u0004", "a Parquet table", "numpy.savez"),
                file(tfRecord(), "a TFRecord file", "numpy.savez"),
                file("\u007fELF\u0002\u0001\u0001\0", "a program or library", "supported"),
                file("{\"architectures\": [\"BertModel\"]}", "without its weights", ".safetensors"),
                file("{\"format\": \"quantscope-session\"}", "a session or config", "--config"),
                file("{\"activations\": 1}", "a JSON file", "supported"),
                file("a plain sentence, and no more", "is a text file", "supported"),
                file("\0".repeat(5000), "begins with zeros only", "supported"),
                file("\u0003\u0002\u0001\u0090\u0091", "is not recognised", "supported"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("foreign")
    void aFileThatIsNoModelIsNamedForWhatItIsWithWhatToDo(byte[] content, String what, String todo) throws IOException {
        Path file = Files.write(folder.resolve("model.onnx"), content);
        assertThatThrownBy(() -> ModelLoaders.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("model.onnx: format: ")
                .hasMessageContainingAll(what, todo);
    }

    @Test
    void dataAndSettingsAreNamedLikewise() throws IOException {
        Path pointer = Files.writeString(folder.resolve("test.npz"), POINTER);
        assertThatThrownBy(() -> Datasets.open(pointer))
                .hasMessage("test.npz: format: is a Git LFS pointer in place of the file itself, which has 98765 bytes;"
                        + " fetch the file with 'git lfs pull', or download it again");
        assertThatThrownBy(() -> SessionFile.read(pointer)).hasMessageContaining("Git LFS pointer");
        Path array = Files.write(folder.resolve("x.npz"), ArrayFiles.npy("<f4", "(1,)", ArrayFiles.f4(1)));
        assertThatThrownBy(() -> Datasets.open(array)).hasMessageContainingAll("a NumPy array", "numpy.savez");
        Path onnx = Files.write(
                folder.resolve("m.npz"),
                model(13, graph(node("Relu", List.of("x"), "y"))).build().toByteArray());
        assertThatThrownBy(() -> Datasets.open(onnx)).hasMessageContainingAll("an ONNX model", "supported: ");
        Path config = Files.write(folder.resolve("c.json"), new byte[] {5, 6, 7, (byte) 0x80});
        assertThatThrownBy(() -> SessionFile.read(config))
                .hasMessage("c.json: format: is not recognised; supported: JSON");
    }

    @Test
    void everyImporterNamesAWrongFileAndPrintsNothingOfIt() throws IOException {
        Model open = ModelLoaders.open(Files.write(
                folder.resolve("m.onnx"),
                model(13, graph(node("Relu", List.of("x"), "y"))).build().toByteArray()));
        Path torch = Files.write(folder.resolve("m.cache"), "\u0080\u0002}q\0\u001b[31m".getBytes(ISO_8859_1));
        Path noise = Files.write(folder.resolve("n.cache"), "\u0003\u001b[31m\u0090".getBytes(ISO_8859_1));
        Path text = Files.writeString(folder.resolve("t.cache"), "conv1 \u202e 3f800000".repeat(40));
        for (var importer : Importers.all()) {
            assertThatThrownBy(() -> Importers.read(importer, torch, open, new CancelToken()))
                    .as(importer.id())
                    .hasMessageStartingWith("m.cache: format: is a Python pickle");
            assertThatThrownBy(() -> Importers.read(importer, noise, open, new CancelToken()))
                    .as(importer.id())
                    .isInstanceOf(BadInputException.class)
                    .message()
                    .doesNotContain("\u001b", "[31m", "\u0090", "\ufffd");
            assertThatThrownBy(() -> Importers.read(importer, text, open, new CancelToken()))
                    .as(importer.id())
                    .isInstanceOf(BadInputException.class)
                    .message()
                    .doesNotContain("\u202e")
                    .hasSizeLessThan(320);
        }
    }

    @Test
    void aPointerInPlaceOfValuesIsNoValues() throws IOException {
        Path file = Files.write(
                folder.resolve("m.onnx"),
                model(
                                13,
                                graph(node("MatMul", List.of("x", "w"), "y"))
                                        .addInitializer(external("w", new long[] {2, 1}, "location", "m.data")))
                        .build()
                        .toByteArray());
        Files.writeString(folder.resolve("m.data"), POINTER);
        assertThatThrownBy(() -> ModelLoaders.open(file))
                .hasMessageStartingWith("m.onnx: w: 'm.data' is a Git LFS pointer")
                .hasMessageContaining("git lfs pull");
        // Values may begin with the bytes of any other format.
        Files.write(folder.resolve("m.data"), "\u001f\u008bPK\3\4!!".getBytes(ISO_8859_1));
        assertThatCode(() -> ModelLoaders.open(file)).doesNotThrowAnyException();
    }

    @Test
    void aPointerInPlaceOfAShardIsNamed() throws IOException {
        Path index = Files.writeString(
                folder.resolve("m.safetensors.index.json"), "{\"weight_map\": {\"w\": \"m-1.safetensors\"}}");
        Files.writeString(folder.resolve("m-1.safetensors"), POINTER);
        assertThatThrownBy(() -> ModelLoaders.open(index))
                .hasMessageStartingWith("m-1.safetensors: format: is a Git LFS");
    }

    @Test
    void rawValuesAreToldFromTheFileBesideThem() throws IOException {
        Path values = Files.write(folder.resolve("m.onnx_data"), new byte[] {1, 2, 3, 4});
        Files.write(folder.resolve("m.onnx"), new byte[0]);
        assertThatThrownBy(() -> ModelLoaders.open(values))
                .hasMessageContaining("values of m.onnx beside it: open that");
        Path weights = Files.write(folder.resolve("v.bin"), new byte[] {1, 2, 3, 4});
        Files.writeString(folder.resolve("v.xml"), "<net/>");
        assertThatThrownBy(() -> ModelLoaders.open(weights))
                .hasMessageContaining("v.xml beside it, the graph of an OpenVINO");
    }

    @Test
    void aFolderNamesWhatCanBeOpenedInIt() throws IOException {
        Path hub = Files.createDirectories(folder.resolve("hub"));
        for (String name : List.of("config.json", "m-00001-of-00002.safetensors", "m.safetensors.index.json")) {
            Files.createFile(hub.resolve(name));
        }
        assertThatThrownBy(() -> ModelLoaders.open(hub))
                .hasMessage("hub: file: is a folder, a model is one file; open 'm.safetensors.index.json' in it");
        Path saved = Files.createDirectories(folder.resolve("saved"));
        Files.createFile(saved.resolve("saved_model.pb"));
        assertThatThrownBy(() -> ModelLoaders.open(saved))
                .hasMessageContainingAll("a TensorFlow SavedModel", "tf2onnx");
    }

    @Test
    void aTextThatBeginsLikeABinaryFormatIsText() throws IOException {
        for (String begin : List.of("PAR1", "RKNN", "7z", "BZh91AY&SY", "ustar", "OggS", "BM", "GIF89a")) {
            Path table = Files.writeString(folder.resolve("t.csv"), begin + ",label\n1,0\n2,1\n");
            assertThat(FileKind.of(table)).as(begin).isEmpty();
            assertThat(Datasets.open(table).size()).isEqualTo(2);
        }
    }

    @Test
    void quotesAreShortAndPrint() {
        assertThat(Quoted.of("a\u001b[31mb\u202ec\ufffd\n")).isEqualTo("'a?[31mb?c??'");
        assertThat(Quoted.of("x".repeat(100))).isEqualTo("'" + "x".repeat(60) + "…'");
    }
}
