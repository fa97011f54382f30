package org.quantscope.linalg.train;

import java.util.List;
import java.util.stream.LongStream;
import org.quantscope.core.onnx.OnnxNode;

/**
 * A window that moves over pictures.
 *
 * @param planes pictures: samples times channels
 * @param height of a picture, as {@code width}
 * @param top rows of padding before the picture; {@code left}, {@code bottom} and {@code right} likewise
 */
record Window(
        int planes,
        int height,
        int width,
        int outHeight,
        int outWidth,
        int kernelHeight,
        int kernelWidth,
        int strideY,
        int strideX,
        int dilationY,
        int dilationX,
        int top,
        int left,
        int bottom,
        int right) {
    /**
     * The window of a Conv, MaxPool or AveragePool.
     *
     * @param dims of its input: samples, channels, height, width
     * @param out of its output
     * @param kernel its height and width
     */
    static Window of(OnnxNode node, int[] dims, int[] out, int[] kernel) {
        List<Long> stride = node.intsAttribute("strides").orElse(List.of(1L, 1L));
        List<Long> dilation = node.intsAttribute("dilations").orElse(List.of(1L, 1L));
        long[] pads = node.intsAttribute("pads").orElse(List.of(0L, 0L, 0L, 0L)).stream()
                .mapToLong(Long::longValue)
                .toArray();
        String auto = node.textAttribute("auto_pad", "NOTSET");
        if (auto.startsWith("SAME")) {
            for (int d = 0; d < 2; d++) {
                long reach = (kernel[d] - 1) * dilation.get(d) + 1;
                long total = Math.max(0, (out[2 + d] - 1) * stride.get(d) + reach - dims[2 + d]);
                pads[d] = auto.equals("SAME_UPPER") ? total / 2 : total - total / 2;
                pads[2 + d] = total - pads[d];
            }
        } else if (auto.equals("VALID")) {
            pads = LongStream.of(0, 0, 0, 0).toArray();
        }
        return new Window(
                dims[0] * dims[1],
                dims[2],
                dims[3],
                out[2],
                out[3],
                kernel[0],
                kernel[1],
                Math.toIntExact(stride.get(0)),
                Math.toIntExact(stride.get(1)),
                Math.toIntExact(dilation.get(0)),
                Math.toIntExact(dilation.get(1)),
                Math.toIntExact(pads[0]),
                Math.toIntExact(pads[1]),
                Math.toIntExact(pads[2]),
                Math.toIntExact(pads[3]));
    }

    /** The row of the picture that one row of the kernel reads; outside the picture in the padding. */
    int y(int outY, int kernelY) {
        return outY * strideY + kernelY * dilationY - top;
    }

    int x(int outX, int kernelX) {
        return outX * strideX + kernelX * dilationX - left;
    }

    /** How many positions of the kernel lie in the padded picture. */
    int padded(int outY, int outX) {
        int rows = 0;
        for (int k = 0; k < kernelHeight; k++) {
            rows += y(outY, k) < height + bottom ? 1 : 0;
        }
        int columns = 0;
        for (int k = 0; k < kernelWidth; k++) {
            columns += x(outX, k) < width + right ? 1 : 0;
        }
        return rows * columns;
    }
}
