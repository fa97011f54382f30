package org.quantscope.core.tflite;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tflite.LiteOptions.Activation;
import org.quantscope.core.tflite.LiteOptions.Arithmetic;
import org.quantscope.core.tflite.LiteOptions.BatchMatMul;
import org.quantscope.core.tflite.LiteOptions.Blocks;
import org.quantscope.core.tflite.LiteOptions.Cast;
import org.quantscope.core.tflite.LiteOptions.Concatenation;
import org.quantscope.core.tflite.LiteOptions.Conv2d;
import org.quantscope.core.tflite.LiteOptions.Conv3d;
import org.quantscope.core.tflite.LiteOptions.Cumsum;
import org.quantscope.core.tflite.LiteOptions.DepthwiseConv2d;
import org.quantscope.core.tflite.LiteOptions.FullyConnected;
import org.quantscope.core.tflite.LiteOptions.Gather;
import org.quantscope.core.tflite.LiteOptions.Gelu;
import org.quantscope.core.tflite.LiteOptions.LeakyRelu;
import org.quantscope.core.tflite.LiteOptions.LocalResponse;
import org.quantscope.core.tflite.LiteOptions.MirrorPad;
import org.quantscope.core.tflite.LiteOptions.None;
import org.quantscope.core.tflite.LiteOptions.Pack;
import org.quantscope.core.tflite.LiteOptions.Padding;
import org.quantscope.core.tflite.LiteOptions.Pool2d;
import org.quantscope.core.tflite.LiteOptions.Reducer;
import org.quantscope.core.tflite.LiteOptions.Reshape;
import org.quantscope.core.tflite.LiteOptions.Resize;
import org.quantscope.core.tflite.LiteOptions.Softmax;
import org.quantscope.core.tflite.LiteOptions.Split;
import org.quantscope.core.tflite.LiteOptions.Squeeze;
import org.quantscope.core.tflite.LiteOptions.StridedSlice;
import org.quantscope.core.tflite.LiteOptions.TransposeConv;

/** Reads the options of operators. */
final class LiteOptionsReader {
    private LiteOptionsReader() {}

    /** Reads the options of an operator from the table of the union, which may be missing. */
    static LiteOptions of(Path file, String where, String operator, int kind, Optional<FlatTable> table) {
        Reading reading = Reading.OF.get(operator);
        if (reading == null) {
            return new None();
        }
        if (kind != 0 && kind != reading.kind) {
            throw new BadInputException(
                    file,
                    where,
                    "options of kind " + kind + " are not those of " + operator + ", kind " + reading.kind);
        }
        return reading.read.apply(new Fields(file, where, table));
    }

    /** The fields of a table, or their defaults where there is no table. */
    private record Fields(Path file, String where, Optional<FlatTable> table) {
        int int32(int field) {
            return table.map(t -> t.int32(field)).orElse(0);
        }

        int int32(int field, int otherwise) {
            return table.map(t -> t.int32(field, otherwise)).orElse(otherwise);
        }

        float float32(int field) {
            return table.map(t -> t.float32(field)).orElse(0f);
        }

        List<Integer> ints(int field) {
            return table.map(t -> Arrays.stream(t.ints(field)).boxed().toList()).orElse(List.of());
        }

        boolean flag(int field) {
            return number(field) != 0;
        }

        int number(int field) {
            return table.map(t -> t.int8(field)).orElse(0);
        }

        Padding padding(int field) {
            return pick(field, "padding", Padding.values());
        }

        Activation activation(int field) {
            return pick(field, "fused activation", Activation.values());
        }

        private <E extends Enum<E>> E pick(int field, String what, E[] all) {
            int number = number(field);
            if (number < 0 || number >= all.length) {
                throw new BadInputException(file, where, what + " " + number + " is unknown");
            }
            return all[number];
        }
    }

    /**
     * How the options of an operator are read.
     *
     * @param kind its number in the union
     */
    private record Reading(int kind, Function<Fields, LiteOptions> read) {
        static final Map<String, Reading> OF = Map.ofEntries(
                Map.entry(
                        "CONV_2D",
                        of(
                                1,
                                f -> new Conv2d(
                                        f.padding(0),
                                        f.int32(1),
                                        f.int32(2),
                                        f.activation(3),
                                        f.int32(4, 1),
                                        f.int32(5, 1)))),
                Map.entry(
                        "DEPTHWISE_CONV_2D",
                        of(
                                2,
                                f -> new DepthwiseConv2d(
                                        f.padding(0),
                                        f.int32(1),
                                        f.int32(2),
                                        f.int32(3),
                                        f.activation(4),
                                        f.int32(5, 1),
                                        f.int32(6, 1)))),
                Map.entry("CONV_3D", of(106, Reading::conv3d)),
                Map.entry("CONV_3D_TRANSPOSE", of(106, Reading::conv3d)),
                Map.entry(
                        "TRANSPOSE_CONV",
                        of(49, f -> new TransposeConv(f.padding(0), f.int32(1), f.int32(2), f.activation(3)))),
                Map.entry("AVERAGE_POOL_2D", of(5, Reading::pool)),
                Map.entry("MAX_POOL_2D", of(5, Reading::pool)),
                Map.entry("L2_POOL_2D", of(5, Reading::pool)),
                Map.entry(
                        "FULLY_CONNECTED",
                        of(8, f -> new FullyConnected(f.activation(0), f.number(1) != 0, f.flag(2)))),
                Map.entry("SOFTMAX", of(9, f -> new Softmax(f.float32(0)))),
                Map.entry("CONCATENATION", of(10, f -> new Concatenation(f.int32(0), f.activation(1)))),
                Map.entry("ADD", of(11, f -> new Arithmetic(f.activation(0)))),
                Map.entry("MUL", of(21, f -> new Arithmetic(f.activation(0)))),
                Map.entry("SUB", of(28, f -> new Arithmetic(f.activation(0)))),
                Map.entry("DIV", of(29, f -> new Arithmetic(f.activation(0)))),
                Map.entry("MEAN", of(27, f -> new Reducer(f.flag(0)))),
                Map.entry("SUM", of(27, f -> new Reducer(f.flag(0)))),
                Map.entry("REDUCE_MAX", of(27, f -> new Reducer(f.flag(0)))),
                Map.entry("REDUCE_MIN", of(27, f -> new Reducer(f.flag(0)))),
                Map.entry("REDUCE_PROD", of(27, f -> new Reducer(f.flag(0)))),
                Map.entry("REDUCE_ANY", of(27, f -> new Reducer(f.flag(0)))),
                Map.entry("REDUCE_ALL", of(27, f -> new Reducer(f.flag(0)))),
                Map.entry("RESHAPE", of(17, f -> new Reshape(f.ints(0)))),
                Map.entry("SQUEEZE", of(30, f -> new Squeeze(f.ints(0)))),
                // The two first fields of the bilinear one are no longer used.
                Map.entry("RESIZE_BILINEAR", of(15, f -> new Resize(f.flag(2), f.flag(3)))),
                Map.entry("RESIZE_NEAREST_NEIGHBOR", of(74, f -> new Resize(f.flag(0), f.flag(1)))),
                Map.entry(
                        "STRIDED_SLICE",
                        of(
                                32,
                                f -> new StridedSlice(
                                        f.int32(0), f.int32(1), f.int32(2), f.int32(3), f.int32(4), f.flag(5)))),
                Map.entry("BATCH_MATMUL", of(101, f -> new BatchMatMul(f.flag(0), f.flag(1)))),
                Map.entry("LEAKY_RELU", of(75, f -> new LeakyRelu(f.float32(0)))),
                Map.entry("GATHER", of(23, f -> new Gather(f.int32(0), f.int32(1)))),
                Map.entry("SPLIT", of(35, f -> new Split(f.int32(0)))),
                Map.entry("SPLIT_V", of(79, f -> new Split(f.int32(0)))),
                Map.entry("SPACE_TO_DEPTH", of(19, f -> new Blocks(f.int32(0)))),
                Map.entry("DEPTH_TO_SPACE", of(94, f -> new Blocks(f.int32(0)))),
                Map.entry("MIRROR_PAD", of(77, f -> new MirrorPad(f.flag(0)))),
                Map.entry("PACK", of(59, f -> new Pack(f.int32(0), f.int32(1)))),
                Map.entry("UNPACK", of(64, f -> new Pack(f.int32(0), f.int32(1)))),
                Map.entry("CAST", of(37, f -> new Cast(f.number(0), f.number(1)))),
                Map.entry("GELU", of(116, f -> new Gelu(f.flag(0)))),
                Map.entry("CUMSUM", of(102, f -> new Cumsum(f.flag(0), f.flag(1)))),
                Map.entry(
                        "LOCAL_RESPONSE_NORMALIZATION",
                        of(13, f -> new LocalResponse(f.int32(0), f.float32(1), f.float32(2), f.float32(3)))));

        private static Reading of(int kind, Function<Fields, LiteOptions> read) {
            return new Reading(kind, read);
        }

        private static LiteOptions conv3d(Fields f) {
            return new Conv3d(
                    f.padding(0),
                    f.int32(1),
                    f.int32(2),
                    f.int32(3),
                    f.activation(4),
                    f.int32(5, 1),
                    f.int32(6, 1),
                    f.int32(7, 1));
        }

        private static LiteOptions pool(Fields f) {
            return new Pool2d(f.padding(0), f.int32(1), f.int32(2), f.int32(3), f.int32(4), f.activation(5));
        }
    }
}
