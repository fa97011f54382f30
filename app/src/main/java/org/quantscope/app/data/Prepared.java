package org.quantscope.app.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.InputFit;
import org.quantscope.core.dataset.Layout;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.SamplePicture;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.Shape;

/**
 * The result of preparing the data.
 *
 * @param dataset empty if it cannot be prepared
 * @param problem why it cannot be prepared or does not fit the model
 * @param proposal a preprocessing that would fit
 * @param channels figures of the sample that is shown, for at most four channels
 */
public record Prepared(
        Optional<Dataset> dataset,
        Optional<String> problem,
        Optional<Preprocessing> proposal,
        Optional<SamplePicture> picture,
        List<Channel> channels,
        List<Thumbnail> thumbnails,
        int sample) {
    /** The longest side of a picture that is passed to the window, in pixels. */
    private static final int PICTURE_SIDE = 256;

    private static final int MAX_CHANNELS = 4;

    static final Prepared NOTHING = new Prepared(
            Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), List.of(), List.of(), 0);

    public boolean fits() {
        return dataset.isPresent() && problem.isEmpty();
    }

    /** The exact smallest, largest and mean value of one channel of a sample, as the model gets it. */
    public record Channel(double min, double max, double mean) {}

    /**
     * A sample as a small picture.
     *
     * @param label the name of its class, or its number; empty without labels
     */
    public record Thumbnail(SamplePicture picture, String label) {}

    /** The result if nothing of {@code sample} can be prepared. */
    static Prepared failed(String why, Optional<Preprocessing> proposal, int sample) {
        return new Prepared(
                Optional.empty(), Optional.of(why), proposal, Optional.empty(), List.of(), List.of(), sample);
    }

    /**
     * Prepares data, and computes what the model gets of one sample.
     *
     * @param wanted what the model needs; empty if it is unknown
     */
    static Prepared of(Samples samples, Preprocessing how, int sample, Optional<InputFit> wanted) {
        Dataset data;
        try {
            data = Datasets.prepare(samples, how);
        } catch (BadInputException e) {
            return failed(String.valueOf(e.getMessage()), wanted.flatMap(w -> w.propose(samples)), sample);
        }
        boolean fits = wanted.map(w -> w.takes(data.sampleShape())).orElse(true);
        Optional<String> problem = fits
                ? Optional.empty()
                : Optional.of("The model gets " + data.sampleShape() + " and wants "
                        + wanted.map(InputFit::shape).orElse("") + ".");
        float[] values = new float[Math.toIntExact(data.sampleShape().count())];
        data.fill(new int[] {sample}, values);
        List<Thumbnail> thumbnails = new ArrayList<>();
        for (int i = 0; i < Math.min(DataViewModel.THUMBNAILS, data.size()); i++) {
            Optional<SamplePicture> picture = data.picture(i);
            if (picture.isEmpty()) {
                break;
            }
            thumbnails.add(new Thumbnail(small(picture.get()), label(data, i)));
        }
        return new Prepared(
                Optional.of(data),
                problem,
                fits ? Optional.empty() : wanted.flatMap(w -> w.propose(samples)),
                data.picture(sample).map(Prepared::small),
                channels(data.sampleShape(), how, values),
                thumbnails,
                sample);
    }

    private static String label(Dataset data, int i) {
        if (!data.hasLabels()) {
            return "";
        }
        int label = data.label(i);
        if (label == Dataset.UNSCORED) {
            return "not scored";
        }
        return label >= 0 && label < data.classes().size() ? data.classes().get(label) : Integer.toString(label);
    }

    private static List<Channel> channels(Shape shape, Preprocessing how, float[] values) {
        boolean last =
                how.outputLayout().or(how::layout).filter(l -> l == Layout.NHWC).isPresent();
        int axis = shape.rank() == 3 ? last ? 2 : 0 : -1;
        int count = axis < 0 ? 1 : (int) shape.dim(axis);
        if (count > MAX_CHANNELS) {
            axis = -1;
            count = 1;
        }
        int inner = axis < 0 ? values.length : (int) shape.inner(axis);
        List<Channel> out = new ArrayList<>();
        for (int c = 0; c < count; c++) {
            double min = Double.POSITIVE_INFINITY;
            double max = Double.NEGATIVE_INFINITY;
            double sum = 0;
            int n = 0;
            for (int i = 0; i < values.length; i++) {
                if (i / inner % count == c) {
                    min = Math.min(min, values[i]);
                    max = Math.max(max, values[i]);
                    sum += values[i];
                    n++;
                }
            }
            out.add(new Channel(min, max, sum / n));
        }
        return out;
    }

    /** Keeps every n-th pixel only, so that photographs do not fill the memory of the window. */
    private static SamplePicture small(SamplePicture p) {
        int step = (Math.max(p.width(), p.height()) + PICTURE_SIDE - 1) / PICTURE_SIDE;
        if (step <= 1) {
            return p;
        }
        int w = Math.max(1, p.width() / step);
        int h = Math.max(1, p.height() / step);
        int[] out = new int[w * h];
        for (int i = 0; i < out.length; i++) {
            out[i] = p.argb()[i / w * step * p.width() + i % w * step];
        }
        return new SamplePicture(w, h, out);
    }
}
