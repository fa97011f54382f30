package org.quantscope.core.layerwise;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.rounding.InputMoments;
import org.quantscope.core.tensor.Shape;

/**
 * A layer as a product of a matrix of weights with vectors of inputs: one vector for each position that a kernel lies at
 * (known as im2col), or for each row of a matrix.
 */
final class LayerInputs {
    /** The most inputs of one output for which second moments are kept: 6144² take 450 MB. */
    static final int MOST_COLUMNS = 6144;

    private final WeightedLayer layer;
    private final int groups;
    private final int rows;
    private final int columns;

    private LayerInputs(WeightedLayer layer) {
        this.layer = layer;
        this.groups = layer.groups();
        this.rows = layer.outputs() / groups;
        this.columns = Math.toIntExact(layer.weight().info().shape().count() / layer.outputs());
    }

    /** Why a layer cannot be seen so, or has too many columns for its codes to be chosen; empty if neither. */
    static Optional<String> obstacle(WeightedLayer layer) {
        long columns = layer.weight().info().shape().count() / layer.outputs();
        return columns > MOST_COLUMNS
                ? Optional.of(
                        "each output reads " + columns + " inputs; second moments are kept of at most " + MOST_COLUMNS)
                : noMatrix(layer);
    }

    /** Why a layer cannot be seen so, whatever its size; empty if it can. */
    static Optional<String> noMatrix(WeightedLayer layer) {
        OnnxNode node = layer.node();
        return switch (node.opType()) {
            case "ConvTranspose" -> Optional.of("of a transposed convolution each output reads other weights");
            case "Gemm" ->
                node.intAttribute("transA", 0) != 0 ? Optional.of("its input is transposed") : Optional.empty();
            default -> Optional.empty();
        };
    }

    /** @throws IllegalArgumentException if the layer is {@linkplain #noMatrix no such matrix} */
    static LayerInputs of(WeightedLayer layer) {
        noMatrix(layer).ifPresent(why -> {
            throw new IllegalArgumentException("layer: " + layer + ": " + why);
        });
        return new LayerInputs(layer);
    }

    /** What it is read from and how it is cut up: equal for layers that read the same vectors. */
    String reading() {
        OnnxNode node = layer.node();
        String input = node.inputs().getFirst();
        return layer.isMatrix()
                ? input + "\n" + columns
                : String.join(
                        "\n",
                        input,
                        "kernel",
                        layer.weight().info().shape().toString().replaceFirst("[0-9]+", ""),
                        "groups " + groups,
                        "strides " + node.intsAttribute("strides"),
                        "dilations " + node.intsAttribute("dilations"),
                        "pads " + node.intsAttribute("pads"),
                        node.textAttribute("auto_pad", "NOTSET"));
    }

    /** True if the weight is stored as [columns, rows]. */
    boolean columnsFirst() {
        return layer.isMatrix() && !layer.transposed();
    }

    int groups() {
        return groups;
    }

    /** Output channels of one group. */
    int rows() {
        return rows;
    }

    /** Inputs of one output channel. */
    int columns() {
        return columns;
    }

    /** Where the weight of a row, counted over all groups, and a column lies in storage. */
    private int stored(int row, int column) {
        return columnsFirst() ? column * rows + row : row * columns + column;
    }

    /** [groups·rows·columns] of an array in storage order. */
    float[] rows(float[] stored) {
        float[] out = new float[stored.length];
        for (int r = 0; r < groups * rows; r++) {
            for (int c = 0; c < columns; c++) {
                out[r * columns + c] = stored[stored(r, c)];
            }
        }
        return out;
    }

    int[] rows(int[] stored) {
        int[] out = new int[stored.length];
        for (int r = 0; r < groups * rows; r++) {
            for (int c = 0; c < columns; c++) {
                out[r * columns + c] = stored[stored(r, c)];
            }
        }
        return out;
    }

    /** Storage order of an array [groups·rows·columns]. */
    float[] stored(float[] rows) {
        float[] out = new float[rows.length];
        for (int r = 0; r < groups * this.rows; r++) {
            for (int c = 0; c < columns; c++) {
                out[stored(r, c)] = rows[r * columns + c];
            }
        }
        return out;
    }

    /** The input of a layer in one batch, cut up for each position. */
    final class Cut {
        private final int channels;
        private final int spatial;
        private final int kernel;
        /** For each position and place in the kernel the place in the input; −1 in the padding. */
        private final int[] places;

        /** The place of the first tap where no tap lies in the padding, else −1. */
        private final int[] corners;

        /** How far the taps lie behind the first one where none lies in the padding. */
        private final int[] inside;

        private final int positions;
        private final int samples;

        private Cut(Shape input) {
            if (layer.isMatrix()) {
                channels = columns;
                spatial = 1;
                kernel = 1;
                positions = 1;
                samples = Math.toIntExact(input.count() / columns);
                places = new int[] {0};
            } else {
                channels = columns * groups / Math.max(1, kernelCount());
                kernel = kernelCount();
                samples = Math.toIntExact(input.dim(0));
                spatial = Math.toIntExact(input.inner(1));
                places = places(input);
                positions = places.length / kernel;
            }
            corners = new int[positions];
            inside = new int[kernel];
            for (int p = 0; p < positions; p++) {
                int[] taps = Arrays.copyOfRange(places, p * kernel, (p + 1) * kernel);
                boolean whole = Arrays.stream(taps).allMatch(place -> place >= 0);
                corners[p] = whole ? taps[0] : -1;
                for (int k = 0; whole && k < kernel; k++) {
                    inside[k] = taps[k] - taps[0];
                }
            }
        }

        /** Vectors in the whole batch, of each group. */
        int count() {
            return samples * positions;
        }

        /** The batch as vectors of all columns. */
        InputMoments.Vectors vectors(float[] input) {
            return vectors(input, columns);
        }

        /**
         * The batch as vectors of a part of the columns: each group is cut into blocks, which count as groups.
         *
         * @param input the values of the batch
         * @param block columns of a block; the last one of a group may reach beyond the columns, where it reads zeros
         */
        InputMoments.Vectors vectors(float[] input, int block) {
            int blocks = Math.ceilDiv(columns, block);
            return (group, from, n, to) -> {
                int first = group % blocks * block;
                int width = Math.min(block, columns - first);
                if (width < block) {
                    Arrays.fill(to, 0, n * block, 0);
                }
                if (layer.isMatrix()) {
                    for (int v = 0; v < n; v++) {
                        System.arraycopy(input, (from + v) * columns + first, to, v * block, width);
                    }
                } else {
                    copy(input, group / blocks, first, width, from, n, to, block);
                }
            };
        }

        private void copy(float[] input, int group, int first, int width, int from, int n, float[] to, int block) {
            int own = channels / groups;
            int[] channelOf = new int[width];
            int[] tapOf = new int[width];
            int[] step = new int[width];
            for (int j = 0; j < width; j++) {
                channelOf[j] = (group * own + (first + j) / kernel) * spatial;
                tapOf[j] = (first + j) % kernel;
                step[j] = channelOf[j] + inside[tapOf[j]];
            }
            int sample = from / positions;
            int position = from % positions;
            for (int v = 0; v < n; v++) {
                int start = sample * channels * spatial;
                int at = v * block;
                int corner = corners[position];
                if (corner >= 0) {
                    int base = start + corner;
                    for (int j = 0; j < width; j++) {
                        to[at + j] = input[base + step[j]];
                    }
                } else {
                    int taps = position * kernel;
                    for (int j = 0; j < width; j++) {
                        int place = places[taps + tapOf[j]];
                        to[at + j] = place < 0 ? 0 : input[start + channelOf[j] + place];
                    }
                }
                if (++position == positions) {
                    position = 0;
                    sample++;
                }
            }
        }
    }

    Cut cut(Shape input) {
        return new Cut(input);
    }

    private int kernelCount() {
        return Math.toIntExact(layer.weight().info().shape().inner(1));
    }

    private int[] places(Shape input) {
        int d = layer.spatial();
        int[] size = new int[d];
        int[] kernel = new int[d];
        int[] stride = new int[d];
        int[] dilation = new int[d];
        int[] before = new int[d];
        int[] out = new int[d];
        List<Long> strides = layer.node().intsAttribute("strides").orElse(List.of());
        List<Long> dilations = layer.node().intsAttribute("dilations").orElse(List.of());
        List<Long> pads = layer.node().intsAttribute("pads").orElse(List.of());
        String auto = layer.node().textAttribute("auto_pad", "NOTSET");
        int positions = 1;
        for (int i = 0; i < d; i++) {
            size[i] = Math.toIntExact(input.dim(2 + i));
            kernel[i] = Math.toIntExact(layer.weight().info().shape().dim(2 + i));
            stride[i] = strides.isEmpty() ? 1 : Math.toIntExact(strides.get(i));
            dilation[i] = dilations.isEmpty() ? 1 : Math.toIntExact(dilations.get(i));
            int reach = dilation[i] * (kernel[i] - 1) + 1;
            int all;
            if (auto.startsWith("SAME")) {
                out[i] = Math.ceilDiv(size[i], stride[i]);
                all = Math.max(0, (out[i] - 1) * stride[i] + reach - size[i]);
                before[i] = auto.equals("SAME_UPPER") ? all / 2 : all - all / 2;
            } else {
                boolean given = auto.equals("NOTSET") && !pads.isEmpty();
                before[i] = given ? Math.toIntExact(pads.get(i)) : 0;
                all = before[i] + (given ? Math.toIntExact(pads.get(d + i)) : 0);
                out[i] = (size[i] + all - reach) / stride[i] + 1;
            }
            positions *= out[i];
        }
        int taps = kernelCount();
        int[] places = new int[positions * taps];
        for (int p = 0; p < positions; p++) {
            for (int k = 0; k < taps; k++) {
                int place = 0;
                int restP = p;
                int restK = k;
                int unit = 1;
                for (int i = d - 1; i >= 0; i--) {
                    int at = restP % out[i] * stride[i] - before[i] + restK % kernel[i] * dilation[i];
                    restP /= out[i];
                    restK /= kernel[i];
                    if (at < 0 || at >= size[i]) {
                        place = -1;
                        break;
                    }
                    place += at * unit;
                    unit *= size[i];
                }
                places[p * taps + k] = place;
            }
        }
        return places;
    }
}
