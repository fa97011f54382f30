package org.quantscope.bench;

import java.awt.image.BufferedImage;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.Layout;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * Opens 60,000 samples of each kind of file and evaluates them in float and quantized, in a Java heap that is too small
 * to hold them as float32. They are the 10,000 test images of Fashion-MNIST six times over, so that the accuracy is
 * known. Run with {@code -Dbench.heap=200m}: compressed files are unpacked into a quarter of the heap at most.
 */
public final class ManySamples {
    private static final CancelToken NEVER = new CancelToken();
    private static final int TIMES = 6;
    private static final int SIDE = 28;

    private ManySamples() {}

    /** A kind of file: how it is written and how it is to be read. */
    private record Kind(String title, Writing writing, boolean pictures) {}

    @FunctionalInterface
    private interface Writing {
        /**
         * Writes the samples.
         *
         * @return the file or folder to open
         */
        Path write(Path folder, byte[] pixels, byte[] labels) throws IOException;
    }

    private static final List<Kind> KINDS = List.of(
            new Kind("IDX", ManySamples::idx, false),
            new Kind("npz, bytes", (f, p, l) -> npz(f, p, l, "|u1", ZipEntry.STORED), false),
            new Kind("npz, bytes, compressed", (f, p, l) -> npz(f, p, l, "|u1", ZipEntry.DEFLATED), false),
            new Kind("npz, float32", (f, p, l) -> npz(f, p, l, "<f4", ZipEntry.STORED), false),
            new Kind("folder of PNG", ManySamples::folder, true));

    /** @param args none */
    public static void main(String[] args) throws IOException {
        Path samples = Path.of(System.getProperty("quantscope.samples", "sample-models"));
        Path file = samples.resolve("fashion_lenet.onnx");
        Path test = samples.resolve("fashion_mnist_test.npz");
        Model model = Engine.open(file, true);
        Preprocessing how = Datasets.open(test).preprocessing().orElseThrow();
        ResolvedSettings resolved =
                Engine.resolve(model, SessionState.of(FileRef.of(file, NEVER)), (a, b, c) -> {}, NEVER);
        AccuracyEstimate once = accuracy(model, Datasets.open(test), resolved.weights(), e -> {});
        long copy = (long) once.seen() * TIMES * SIDE * SIDE * Float.BYTES;
        long heap = Runtime.getRuntime().maxMemory();
        System.out.println(String.format(
                Locale.ROOT,
                "Java heap of %d MB; %d samples are %d MB as bytes, %d MB as float32",
                heap >> 20,
                once.seen() * TIMES,
                copy >> 22,
                copy >> 20));
        if (heap >= copy + copy / 4) {
            throw new IllegalArgumentException(
                    "the heap could hold all samples: give it less, such as -Dbench.heap=200m");
        }
        System.out.println();
        System.out.println(
                "| file | MB | opened in, s | held when open, MB | held in the middle, MB | both evaluations, s |"
                        + " garbage collection, s | correct | as on the 10000 |");
        System.out.println("|---|--:|--:|--:|--:|--:|--:|--:|---|");
        for (Kind kind : KINDS) {
            row(kind, test, how, model, resolved.weights(), once);
        }
    }

    private static void row(
            Kind kind,
            Path test,
            Preprocessing how,
            Model model,
            Map<TensorId, QuantParams> weights,
            AccuracyEstimate once)
            throws IOException {
        Path folder = Files.createTempDirectory("quantscope-bench");
        try {
            Path written = write(kind, test, folder);
            long size = size(written);
            long before = held();
            long collecting = collecting();
            long start = System.nanoTime();
            Preprocessing values = Preprocessing.NONE.withValues(how.scale(), how.mean(), how.std());
            Preprocessing read = kind.pictures
                    ? values.withOutputLayout(Optional.of(Layout.NCHW))
                    : values.withLayout(Optional.of(Layout.NCHW));
            Dataset data = Datasets.open(written, Optional.of(read), NEVER);
            double opened = (System.nanoTime() - start) / 1e9;
            long held = held() - before;
            start = System.nanoTime();
            long[] middle = {0};
            AccuracyEstimate figure = accuracy(model, data, weights, e -> {
                if (middle[0] == 0 && e.seen() >= e.total() / 2) {
                    middle[0] = held();
                }
            });
            double evaluated = (System.nanoTime() - start) / 1e9;
            // A folder has its samples in another order, which does not change the share of correct ones.
            boolean same = figure.seen() == TIMES * once.seen()
                    && figure.score() == once.score()
                    && figure.floatScore() == once.floatScore();
            System.out.println(String.format(
                    Locale.ROOT,
                    "| %s | %d | %.1f | %d | %d | %.1f | %.1f | %.2f %% | %s |",
                    kind.title,
                    size >> 20,
                    opened,
                    held >> 20,
                    (middle[0] - before) >> 20,
                    evaluated,
                    (collecting() - collecting) / 1000.0,
                    100 * figure.score(),
                    same ? "yes" : "NO"));
        } finally {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    private static AccuracyEstimate accuracy(
            Model model, Dataset data, Map<TensorId, QuantParams> weights, Consumer<AccuracyEstimate> partial) {
        try (LiveEvaluator evaluator = Engine.evaluator(model, data)) {
            evaluator.floatBaseline(NEVER, e -> {});
            return evaluator.evaluate(new EvalRequest(Optional.empty(), weights, Map.of()), NEVER, partial);
        }
    }

    private static Path write(Kind kind, Path test, Path folder) throws IOException {
        Dataset raw = Datasets.open(test, Optional.of(Preprocessing.NONE), NEVER);
        byte[] pixels = new byte[raw.size() * SIDE * SIDE];
        byte[] labels = new byte[raw.size()];
        float[] one = new float[SIDE * SIDE];
        for (int i = 0; i < raw.size(); i++) {
            raw.fill(new int[] {i}, one);
            for (int j = 0; j < one.length; j++) {
                pixels[i * one.length + j] = (byte) (int) one[j];
            }
            labels[i] = (byte) raw.label(i);
        }
        return kind.writing.write(folder, pixels, labels);
    }

    private static Path idx(Path folder, byte[] pixels, byte[] labels) throws IOException {
        Path images = folder.resolve("train-images-idx3-ubyte");
        idx(images, pixels, new int[] {TIMES * labels.length, 1, SIDE, SIDE});
        idx(folder.resolve("train-labels-idx1-ubyte"), labels, new int[] {TIMES * labels.length});
        return images;
    }

    private static void idx(Path file, byte[] values, int[] shape) throws IOException {
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            out.write(new byte[] {0, 0, 8, (byte) shape.length});
            for (int dim : shape) {
                out.writeInt(dim);
            }
            for (int i = 0; i < TIMES; i++) {
                out.write(values);
            }
        }
    }

    private static Path npz(Path folder, byte[] pixels, byte[] labels, String type, int method) throws IOException {
        Path file = folder.resolve("many.npz");
        int samples = TIMES * labels.length;
        try (ZipOutputStream out = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            array(out, "images", type, "(" + samples + ", 1, " + SIDE + ", " + SIDE + ")", pixels, method);
            array(out, "labels", "|u1", "(" + samples + ",)", labels, method);
        }
        return file;
    }

    private static void array(ZipOutputStream out, String name, String type, String shape, byte[] values, int method)
            throws IOException {
        String dict = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
        byte[] padded = (dict + " ".repeat(63 - (10 + dict.length()) % 64) + "\n").getBytes(StandardCharsets.US_ASCII);
        byte[] head = ByteBuffer.allocate(10 + padded.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) padded.length)
                .put(padded)
                .array();
        byte[] body = values;
        if (type.equals("<f4")) {
            ByteBuffer floats = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
            for (byte v : values) {
                floats.putFloat(v & 0xff);
            }
            body = floats.array();
        }
        ZipEntry entry = new ZipEntry(name + ".npy");
        entry.setMethod(method);
        if (method == ZipEntry.STORED) {
            CRC32 crc = new CRC32();
            crc.update(head);
            for (int i = 0; i < TIMES; i++) {
                crc.update(body);
            }
            entry.setCrc(crc.getValue());
            entry.setSize(head.length + (long) TIMES * body.length);
        }
        out.putNextEntry(entry);
        out.write(head);
        for (int i = 0; i < TIMES; i++) {
            out.write(body);
        }
        out.closeEntry();
    }

    private static Path folder(Path folder, byte[] pixels, byte[] labels) throws IOException {
        int each = pixels.length / labels.length;
        for (int label = 0; label < 10; label++) {
            Files.createDirectories(folder.resolve("pictures/" + label));
        }
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < labels.length; i++) {
            int[] one = new int[each];
            for (int j = 0; j < each; j++) {
                one[j] = pixels[i * each + j] & 0xff;
            }
            image.getRaster().setPixels(0, 0, SIDE, SIDE, one);
            for (int time = 0; time < TIMES; time++) {
                try (OutputStream out = Files.newOutputStream(
                        folder.resolve("pictures/" + labels[i] + "/" + (time * labels.length + i) + ".png"))) {
                    ImageIO.write(image, "png", out);
                }
            }
        }
        return folder.resolve("pictures");
    }

    private static long size(Path file) throws IOException {
        try (Stream<Path> all = Files.walk(file)) {
            return all.filter(Files::isRegularFile)
                    .mapToLong(f -> f.toFile().length())
                    .sum();
        }
    }

    /** Bytes of the Java heap in use after a garbage collection. */
    private static long held() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** Milliseconds spent on garbage collection so far. */
    private static long collecting() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .mapToLong(GarbageCollectorMXBean::getCollectionTime)
                .sum();
    }
}
