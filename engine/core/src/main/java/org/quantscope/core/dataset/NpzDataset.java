package org.quantscope.core.dataset;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;

/**
 * Samples as they are stored, and how to preprocess them.
 *
 * @param raw all samples, in their stored type
 * @param labelValues one per sample, empty if there are none; read only
 * @param size the number of samples that are used, from the first one on
 * @param mean one for all, or one per channel
 * @param std one for all, or one per channel
 * @param channelAxis of {@code sampleShape}: what {@code mean} and {@code std} run along if they hold more than one
 */
record NpzDataset(
        Path file, String sha256, int size, Shape sampleShape, TensorData raw, Optional<Labels> labelValues, double scale, List<Double> mean, List<Double> std,
        int channelAxis, List<String> classes, Optional<String> origin)
        implements Dataset {

    /** Class indices, at least 0. */
    static final class Labels {
        private final int[] values;

        /** @param values not copied, must not change */
        Labels(int[] values) {
            this.values = values;
        }

        int of(int sample) {
            return values[sample];
        }
    }

    @Override
    public boolean hasLabels() {
        return labelValues.isPresent();
    }

    @Override
    public int label(int sample) {
        Objects.checkIndex(sample, size);
        return labelValues.orElseThrow(() -> new IllegalStateException("labels: " + file.getFileName() + " has none")).of(sample);
    }

    @Override
    public void fill(int[] samples, float[] out) {
        int length = Math.toIntExact(sampleShape.count());
        Objects.checkFromIndexSize(0L, (long) samples.length * length, out.length);
        for (int i = 0; i < samples.length; i++) {
            Objects.checkIndex(samples[i], size);
            raw.read((long) samples[i] * length, out, i * length, length);
        }
        if (scale == 1 && mean.equals(List.of(0.0)) && std.equals(List.of(1.0))) {
            return;
        }
        int channels = Math.max(mean.size(), std.size());
        // Channels lie in runs of this many values; one channel is one run over the whole sample.
        int run = channels == 1 ? length : Math.toIntExact(sampleShape.inner(channelAxis));
        for (int at = 0, channel = 0; at < samples.length * length; at += run, channel = (channel + 1) % channels) {
            double m = mean.get(mean.size() == 1 ? 0 : channel);
            double s = std.get(std.size() == 1 ? 0 : channel);
            for (int j = at; j < at + run; j++) {
                out[j] = (float) ((out[j] * scale - m) / s);
            }
        }
    }

    @Override
    public Optional<SamplePicture> picture(int sample) {
        Objects.checkIndex(sample, size);
        return PictureForm.of(sampleShape, channelAxis == 2).map(form -> {
            float[] values = new float[Math.toIntExact(sampleShape.count())];
            raw.read((long) sample * values.length, values, 0, values.length);
            return form.picture(values, scale, raw.dtype() == DType.U8, false);
        });
    }

    @Override
    public Dataset limit(int n) {
        if (n < 1) {
            throw new IllegalArgumentException("limit: at least 1, got " + n);
        }
        return n >= size ? this : new NpzDataset(file, sha256, n, sampleShape, raw, labelValues, scale, mean, std, channelAxis, classes, origin);
    }
}
