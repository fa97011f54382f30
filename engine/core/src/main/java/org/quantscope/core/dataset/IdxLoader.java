package org.quantscope.core.dataset;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * Reads IDX, the format of MNIST: two zero bytes, a type, the number of dimensions, each as four bytes, then the
 * values; all big-endian. With or without gzip. A plain file is used in place; a compressed one is unpacked in its
 * stored type.
 *
 * <p>Labels are found by name: {@code images} becomes {@code labels} and {@code idx3} becomes {@code idx1}, as in
 * {@code train-images-idx3-ubyte.gz} with {@code train-labels-idx1-ubyte.gz}; one of the two may be compressed and the
 * other not. The sidecar's {@code labels} names another file.
 */
final class IdxLoader implements DatasetLoader {
    private static final int MAX_RANK = 5;

    @Override
    public String id() {
        return "idx";
    }

    @Override
    public String title() {
        return "IDX";
    }

    @Override
    public String source() {
        return "https://github.com/cvdfoundation/mnist";
    }

    @Override
    public boolean matches(Path file, byte[] head) throws IOException {
        if (isGzip(head)) {
            try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
                return isIdx(in.readNBytes(4));
            } catch (IOException e) {
                throw new BadInputException(file, "gzip", "is damaged: " + e.getMessage(), e);
            }
        }
        return isIdx(head);
    }

    private static boolean isGzip(byte[] head) {
        return head.length >= 2 && head[0] == 0x1f && head[1] == (byte) 0x8b;
    }

    private static boolean isIdx(byte[] head) {
        return head.length >= 4
                && head[0] == 0
                && head[1] == 0
                && type(head[2]) != null
                && head[3] >= 1
                && head[3] <= MAX_RANK;
    }

    private static @Nullable DType type(byte code) {
        return switch (code) {
            case 0x08 -> DType.U8;
            case 0x09 -> DType.I8;
            case 0x0b -> DType.I16;
            case 0x0c -> DType.I32;
            case 0x0d -> DType.F32;
            case 0x0e -> DType.F64;
            default -> null;
        };
    }

    private record Array(Shape shape, TensorData data) {}

    @Override
    public Samples open(Path file, Sidecar sidecar, CancelToken cancel) throws IOException {
        Path said = sidecar.file();
        Array images = read(file);
        Shape all = images.shape;
        if (all.rank() < 2) {
            throw new BadInputException(
                    file, "dimensions", "is a list of " + all + " values: labels? Open the file of the images instead");
        }
        if (all.count() == 0) {
            throw new BadInputException(file, "dimensions", "is " + all + ", there are no samples");
        }
        int size = (int) all.dim(0);
        Shape sample = Shape.of(java.util.Arrays.copyOfRange(all.toArray(), 1, all.rank()));
        Optional<Path> labelFile = labelFile(file, sidecar);
        Optional<Labels> labels = Optional.empty();
        if (labelFile.isPresent()) {
            Array array = read(labelFile.get());
            String name = String.valueOf(labelFile.get().getFileName());
            if (array.shape.rank() < 1
                    || array.shape.dim(0) != size
                    || !NpzDatasetLoader.isInteger(array.data.dtype())) {
                throw new BadInputException(
                        said,
                        "labels",
                        name + " is " + array.shape + " of " + array.data.dtype() + ", not labels for each of " + size
                                + " samples");
            }
            labels = Optional.of(NpzDatasetLoader.labels(
                    new Tensor(
                            TensorInfo.withoutGraph(new TensorId(name), array.data.dtype(), array.shape), array.data),
                    size,
                    said));
        }
        return new ArraySamples(
                file,
                Fingerprint.sha256(file, cancel),
                size,
                images.data,
                sample,
                labels,
                sidecar.classes(),
                sidecar.origin(),
                sidecar.preprocessing(),
                said,
                title(),
                Optional.empty(),
                Optional.empty(),
                SideArrays.NONE,
                List.of());
    }

    @Override
    public List<Path> companions(Path file, Sidecar sidecar) throws IOException {
        return labelFile(file, sidecar).stream().toList();
    }

    private static Optional<Path> labelFile(Path file, Sidecar sidecar) throws IOException {
        if (sidecar.labels().isPresent()) {
            return Optional.of(
                    Sidecar.beside(sidecar.file(), "labels", sidecar.labels().get()));
        }
        String name = String.valueOf(file.getFileName());
        if (!name.contains("images")) {
            return Optional.empty();
        }
        String labels = name.replace("images", "labels").replaceAll("idx\\d", "idx1");
        Set<String> names = new LinkedHashSet<>(
                List.of(labels, labels.endsWith(".gz") ? labels.substring(0, labels.length() - 3) : labels + ".gz"));
        return names.stream()
                .map(file::resolveSibling)
                .filter(Files::isRegularFile)
                .findFirst();
    }

    private static Array read(Path file) throws IOException {
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(4 + 4 * MAX_RANK);
        }
        if (isGzip(head)) {
            return unpacked(file);
        }
        MappedFile mapped = MappedFile.map(file);
        Header header = header(file, head);
        if (mapped.size() != header.start + header.bytes()) {
            throw new BadInputException(
                    file,
                    "dimensions",
                    header.shape + " of " + header.type + " want " + (header.start + header.bytes())
                            + " bytes, the file has " + mapped.size());
        }
        return header.array(mapped.bytes().asSlice(header.start, header.bytes()));
    }

    private static Array unpacked(Path file) throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file), 1 << 16)) {
            byte[] prefix = in.readNBytes(4);
            byte[] dims = in.readNBytes(prefix.length == 4 ? 4 * Math.clamp(prefix[3], 0, MAX_RANK) : 0);
            ByteBuffer head =
                    ByteBuffer.allocate(prefix.length + dims.length).put(prefix).put(dims);
            Header header = header(file, head.array());
            new CopyBudget(file).take(header.bytes(), "dimensions");
            byte[] values = new byte[(int) header.bytes()];
            int read = in.readNBytes(values, 0, values.length);
            if (read < values.length || in.read() >= 0) {
                throw new BadInputException(
                        file,
                        "dimensions",
                        header.shape + " of " + header.type + " want " + header.bytes() + " bytes of values, there are "
                                + (read < values.length ? read : "more"));
            }
            return header.array(MemorySegment.ofArray(values));
        } catch (IOException e) {
            throw new BadInputException(file, "gzip", "is damaged: " + e.getMessage(), e);
        }
    }

    private record Header(DType type, Shape shape, int start) {
        long bytes() {
            return shape.count() * type.bytes();
        }

        Array array(MemorySegment values) {
            return new Array(shape, new TensorData(type, values, ByteOrder.BIG_ENDIAN, shape.count()));
        }
    }

    private static Header header(Path file, byte[] head) {
        if (!isIdx(head)) {
            throw new BadInputException(file, "format", "does not begin as IDX");
        }
        int rank = head[3];
        if (head.length < 4 + 4 * rank) {
            throw new BadInputException(file, "dimensions", "is cut off after " + head.length + " bytes");
        }
        List<Long> dims = new ArrayList<>();
        for (int i = 0; i < rank; i++) {
            int dim = ByteBuffer.wrap(head).getInt(4 + 4 * i);
            if (dim < 0) {
                throw new BadInputException(
                        file, "dimensions", "dimension " + i + " is " + Integer.toUnsignedString(dim));
            }
            dims.add((long) dim);
        }
        DType type = java.util.Objects.requireNonNull(type(head[2]));
        try {
            Shape shape = Shape.of(dims.stream().mapToLong(d -> d).toArray());
            Math.multiplyExact(shape.count(), 8L);
            return new Header(type, shape, 4 + 4 * rank);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new BadInputException(file, "dimensions", "are too large: " + dims, e);
        }
    }
}
