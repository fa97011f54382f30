package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quantscope.cli.CommandLineRun.sample;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.Layout;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import tools.jackson.databind.JsonNode;

/**
 * The same samples as a table, as IDX files and as a folder of pictures give the same figures as the .npz archive that
 * they come from.
 */
class DataFormatsTest {
    private static final Path MLP = sample("digits_mlp.onnx");
    private static final Path ARCHIVE = sample("digits_test.npz");
    private static final int N = 200;

    @TempDir
    Path folder;

    private final int[][] levels = new int[N][64];
    private final int[] labels = new int[N];

    @BeforeEach
    void read() throws IOException {
        Dataset data = Datasets.open(ARCHIVE);
        float[] values = new float[64];
        for (int i = 0; i < N; i++) {
            data.fill(new int[] {i}, values);
            for (int k = 0; k < 64; k++) {
                levels[i][k] = Math.round(values[k] * 16);
            }
            labels[i] = data.label(i);
        }
    }

    private Path write(String kind, boolean sidecar) throws IOException {
        String how = "{\"scale\":0.0625" + (kind.equals("csv") ? "}" : ",\"output_layout\":\"NF\"}");
        Path said = switch (kind) {
            case "csv" -> folder.resolve("d.dataset.json");
            case "idx" -> folder.resolve("d-images.idx3-ubyte.dataset.json");
            default -> Files.createDirectories(folder.resolve("pictures")).resolve("dataset.json");
        };
        if (sidecar) {
            Files.writeString(said, how);
        }
        return switch (kind) {
            case "csv" -> csv();
            case "idx" -> idx();
            default -> pictures();
        };
    }

    private Path csv() throws IOException {
        List<String> lines = IntStream.range(0, N)
                .mapToObj(i -> labels[i] + ","
                        + String.join(
                                ",",
                                Arrays.stream(levels[i])
                                        .mapToObj(Integer::toString)
                                        .toList()))
                .toList();
        return Files.write(folder.resolve("d.csv"), lines);
    }

    private Path idx() throws IOException {
        ByteArrayOutputStream images = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(images);
        out.writeInt(0x00000803);
        out.writeInt(N);
        out.writeInt(8);
        out.writeInt(8);
        ByteArrayOutputStream classes = new ByteArrayOutputStream();
        DataOutputStream of = new DataOutputStream(classes);
        of.writeInt(0x00000801);
        of.writeInt(N);
        for (int i = 0; i < N; i++) {
            for (int level : levels[i]) {
                out.write(level);
            }
            of.write(labels[i]);
        }
        Files.write(folder.resolve("d-labels.idx1-ubyte"), classes.toByteArray());
        return Files.write(folder.resolve("d-images.idx3-ubyte"), images.toByteArray());
    }

    private Path pictures() throws IOException {
        Path at = folder.resolve("pictures");
        for (int i = 0; i < N; i++) {
            BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
            image.getRaster().setPixels(0, 0, 8, 8, levels[i]);
            Path c = Files.createDirectories(at.resolve(Integer.toString(labels[i])));
            assertThat(ImageIO.write(image, "png", c.resolve(i + ".png").toFile()))
                    .isTrue();
        }
        return at;
    }

    private static JsonNode eval(Object... more) {
        Object[] all = new Object[more.length + 3];
        all[0] = "eval";
        all[1] = MLP;
        System.arraycopy(more, 0, all, 2, more.length);
        all[all.length - 1] = "--json";
        return CommandLineRun.of(all).json();
    }

    @ParameterizedTest
    @ValueSource(strings = {"csv", "idx", "pictures"})
    void everyFormatGivesTheFiguresOfTheArchive(String kind) throws IOException {
        JsonNode wanted = eval("--data", ARCHIVE, "--limit", Integer.toString(N), "--weights", "4");

        JsonNode got = eval("--data", write(kind, true), "--weights", "4");

        assertThat(got.get("float32")).isEqualTo(wanted.get("float32"));
        assertThat(got.get("quantized")).isEqualTo(wanted.get("quantized"));
        assertThat(got.get("float32").get("total").asInt()).isEqualTo(N);
        assertThat(CommandLineRun.of(
                                "calibrate",
                                MLP,
                                "--data",
                                write(kind, true),
                                "--bits",
                                "8",
                                "-o",
                                folder.resolve("c.json"))
                        .code())
                .isZero();
    }

    @Test
    void theSameDataIsPreparedAsTheConfigSays() throws IOException {
        Path pictures = write("pictures", false);
        Preprocessing how = Preprocessing.NONE
                .withOutputLayout(Optional.of(Layout.NF))
                .withValues(0.0625, List.of(0.0), List.of(1.0));
        Path config = folder.resolve("c.json");
        FileRef ref = FileRef.of(Datasets.open(pictures, Optional.of(how), new CancelToken()));
        SessionFile.write(
                Session.of(SessionState.of(FileRef.of(MLP, new CancelToken())).withEvaluationData(Optional.of(ref))),
                config);

        JsonNode json = eval("--data", pictures, "--config", config);

        assertThat(json.get("float32"))
                .isEqualTo(eval("--data", ARCHIVE, "--limit", Integer.toString(N), "--weights", "8")
                        .get("float32"));
    }

    @Test
    void whatDoesNotFitIsRefusedWithWhatWould() throws IOException {
        CommandLineRun run = CommandLineRun.of("eval", MLP, "--data", write("pictures", false), "--weights", "8");

        assertThat(run.code()).isEqualTo(3);
        assertThat(run.err())
                .contains("pictures: sample shape: samples of 1×8×8 do not fit")
                .contains("{\"output_layout\": \"NF\"")
                .hasLineCount(1);
    }
}
