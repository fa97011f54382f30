package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.export.TargetSupport.Grain;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.CodePacker;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.NBitsGraph;
import org.quantscope.core.rewrite.WrittenModel;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorInfo;

/**
 * An ONNX model whose large matrices stay quantized in memory. It uses ONNX Runtime's MatMulNBits with 2, 4 or 8 bits,
 * blocks along the input axis, and activations in float. Its codes are unsigned: signed codes and their zero points are
 * shifted by half the range. A scale for the whole tensor or for an output channel is repeated for each of its blocks.
 */
public final class OnnxMatMulNBitsExporter extends FileFormat {
    public static final String ID = "onnx-matmulnbits";
    private static final int SMALLEST_BLOCK = 16;
    private static final int LARGEST_BLOCK = 256;

    private static final Target TARGET = new Target(
            ID,
            "MatMulNBits",
            TargetSupport.affine(2, 4, 8)
                    .andFewerBits()
                    .withGrains(Grain.TENSOR, Grain.CHANNEL)
                    .andBlocks(SMALLEST_BLOCK, 32, 64, 128, LARGEST_BLOCK),
            TargetSupport.nothing());

    private final long mostInOneFile;

    public OnnxMatMulNBitsExporter() {
        this(WrittenModel.MOST_IN_ONE_FILE);
    }

    /** @param mostInOneFile the most bytes of tensors in one file */
    OnnxMatMulNBitsExporter(long mostInOneFile) {
        super(
                ID,
                "ONNX with MatMulNBits, weights only",
                "https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits",
                ".onnx",
                EnumSet.of(Field.ACTIVATIONS, Field.SIGN, Field.CODES, Field.CHOICE));
        this.mostInOneFile = mostInOneFile;
    }

    /** Of a model that is too large for one file. */
    @Override
    public List<String> parts() {
        return List.of(WrittenModel.VALUES);
    }

    @Override
    public boolean carriesCodes() {
        return true;
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return new Carried(plan).problems;
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        Carried carried = new Carried(plan);
        NBitsGraph graph = new NBitsGraph(plan.model());
        for (var entry : carried.matrices.entrySet()) {
            add(graph, plan.model().find(entry.getKey().id()).orElseThrow(), entry.getKey(), entry.getValue(), cancel);
        }
        ProvenanceText.of(plan).forEach(graph::metadata);
        cancel.check();
        return graph.written(mostInOneFile).write(file, cancel);
    }

    private static void add(NBitsGraph graph, Tensor t, Encoding e, NBitsGraph.Matrix matrix, CancelToken cancel)
            throws IOException {
        QuantParams params = e.params();
        CodeType type = CodeType.of(params, 2).orElseThrow();
        int bits = type.bits();
        int shift = type.isSigned() ? 1 << (bits - 1) : 0;
        int size = e.blockSize()
                .orElseGet(() -> Math.clamp(
                        Integer.highestOneBit(Math.max(1, matrix.k() - 1)) * 2L, SMALLEST_BLOCK, LARGEST_BLOCK));
        int blocks = Math.ceilDiv(matrix.k(), size);
        CodePacker codes = new CodePacker(bits, (long) matrix.n() * blocks * size);
        long padded = (long) blocks * size;
        StoredCodes.each(
                t,
                params,
                type,
                (index, code) -> {
                    long row = index / (matrix.kFirst() ? matrix.n() : matrix.k());
                    long column = index % (matrix.kFirst() ? matrix.n() : matrix.k());
                    codes.put(matrix.kFirst() ? column * padded + row : row * padded + column, code + shift);
                },
                cancel);
        float[] scales = new float[Math.multiplyExact(matrix.n(), blocks)];
        int rowBytes = Math.ceilDiv(blocks * bits, Byte.SIZE);
        CodePacker zeroPoints = new CodePacker(Byte.SIZE, (long) matrix.n() * rowBytes);
        for (int n = 0; n < matrix.n(); n++) {
            CodePacker row = new CodePacker(bits, blocks);
            for (int b = 0; b < blocks; b++) {
                int slice = switch (params.granularity()) {
                    case Granularity.PerTensor _ -> 0;
                    case Granularity.PerChannel _ -> n;
                    case Granularity.PerBlock _ -> matrix.kFirst() ? b * matrix.n() + n : n * blocks + b;
                };
                scales[n * blocks + b] = params.scale(slice);
                row.put(b, params.zeroPoint(slice) + shift);
            }
            for (int i = 0; i < rowBytes; i++) {
                zeroPoints.put((long) n * rowBytes + i, row.bytes()[i]);
            }
        }
        boolean middle = IntStream.of(params.zeroPoints()).allMatch(z -> z + shift == 1 << (bits - 1));
        graph.weight(
                t.id(),
                matrix,
                bits,
                size,
                codes.bytes(),
                scales,
                middle ? Optional.empty() : Optional.of(zeroPoints.bytes()));
    }

    /** The part of a plan that this format carries, and the problems with the rest. */
    private static final class Carried {
        final List<ExportProblem> problems = new ArrayList<>();
        final Map<Encoding, NBitsGraph.Matrix> matrices = new LinkedHashMap<>();

        Carried(ExportPlan plan) {
            if (plan.model().graph().isEmpty()) {
                problems.add(new ExportProblem(
                        ID,
                        "",
                        "the model is bare weights without a graph",
                        "export a format for weights, or open the ONNX model",
                        Severity.ERROR));
                return;
            }
            for (Encoding e : plan.encodings()) {
                if (e.isActivation()) {
                    continue;
                }
                NBitsGraph.Fit fit =
                        NBitsGraph.fit(plan.model(), plan.model().find(e.id()).orElseThrow());
                NBitsGraph.Matrix matrix = fit.matrix().orElse(null);
                if (matrix == null) {
                    error(
                            e,
                            fit.obstacle() + ", it stays float",
                            "export another format, or keep the tensor float",
                            Optional.empty());
                    continue;
                }
                List<ExportProblem> own = new ArrayList<>(TARGET.problems(e));
                problems.addAll(own);
                if (own.stream().anyMatch(p -> p.severity() == Severity.ERROR)) {
                    continue;
                }
                if (e.info().dtype() != DType.F32) {
                    error(
                            e,
                            "it is " + e.info().dtype() + ", the scales here are for float32",
                            "convert the model to float32",
                            Optional.empty());
                    continue;
                }
                int wanted =
                        e.params().granularity() instanceof Granularity.PerChannel ? 1 - matrix.axis() : matrix.axis();
                if (e.axis().isPresent() && e.axis().getAsInt() != wanted) {
                    error(
                            e,
                            "its scales lie along axis " + e.axis().getAsInt() + ", MatMulNBits has them along "
                                    + wanted,
                            "choose blocks along axis " + matrix.axis(),
                            Optional.of(matrix.axis()));
                    continue;
                }
                matrices.put(e, matrix);
            }
        }

        private void error(Encoding e, String why, String remedy, Optional<Integer> axis) {
            problems.add(new ExportProblem(
                    ID,
                    e.id().name(),
                    why,
                    remedy,
                    Severity.ERROR,
                    axis.flatMap(a -> Remedy.blocks(e, a, size(e.info(), a)))));
        }

        private static int size(TensorInfo info, int axis) {
            return info.shape().dim(axis) >= 32 ? 32 : SMALLEST_BLOCK;
        }
    }
}
