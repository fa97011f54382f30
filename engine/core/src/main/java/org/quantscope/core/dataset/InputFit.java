package org.quantscope.core.dataset;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/**
 * The shape that a model's input wants, and proposals of how to bring samples to it.
 *
 * @param name name of the input
 * @param dims dimensions of one sample, without the batch; negative if the model takes any size
 * @param known false if the model declares no shape: anything fits
 */
public record InputFit(String name, List<Long> dims, boolean known) {
    /** The size that is proposed if pictures differ in size and the model takes any. */
    private static final int COMMON_SIDE = 224;

    /** From this side length on pictures count as photographs: they are cropped to the middle, not stretched. */
    private static final int PHOTOGRAPH = 64;

    public InputFit {
        dims = List.copyOf(dims);
    }

    /** For people: {@code 1×28×28}, with N for any size. */
    public String shape() {
        return !known
                ? "any shape"
                : dims.isEmpty()
                        ? "scalar"
                        : dims.stream().map(d -> d < 0 ? "N" : Long.toString(d)).collect(Collectors.joining("×"));
    }

    /**
     * True if samples of this shape can be fed: every dimension that the model fixes is equal, or all that are not 1
     * are, in their order (28×28 and 1×28×28 are fed to 28×28×1).
     */
    public boolean takes(Shape sample) {
        if (!known || takesAsItIs(sample)) {
            return true;
        }
        List<Long> own = new ArrayList<>();
        for (long d : sample.toArray()) {
            own.add(d);
        }
        return dims.stream().noneMatch(d -> d < 0)
                && dims.stream()
                        .filter(d -> d != 1)
                        .toList()
                        .equals(own.stream().filter(d -> d != 1).toList());
    }

    /** True if there are as many dimensions, and each that the model fixes is equal. */
    public boolean takesAsItIs(Shape sample) {
        if (dims.size() != sample.rank()) {
            return false;
        }
        for (int i = 0; i < sample.rank(); i++) {
            if (dims.get(i) >= 0 && dims.get(i) != sample.dim(i)) {
                return false;
            }
        }
        return true;
    }

    /**
     * A preprocessing that brings samples to this input, starting from what their sidecar says: size, colours and
     * layout as the model declares them; bytes are scaled to 0..1 if the sidecar says nothing. This is a guess: a model
     * does not say what it was trained with.
     *
     * @return empty if no step we know leads there
     */
    public Optional<Preprocessing> propose(Samples samples) {
        Preprocessing stated = samples.stated();
        Preprocessing start = samples.dtype() == DType.U8 && stated.keepsValues()
                ? stated.withValues(1 / 255.0, List.of(0.0), List.of(1.0))
                : stated;
        if (fits(samples, start)) {
            return Optional.of(start);
        }
        Preprocessing bare = start.withShape(Optional.empty())
                .withOutputLayout(Optional.empty())
                .withResize(Optional.empty())
                .withColour(Optional.empty());
        List<Preprocessing> shaped = new ArrayList<>(List.of(start, bare, bare.withLayout(Optional.empty())));
        reshaped(samples)
                .forEach(s -> shaped.add(bare.withShape(Optional.of(s.shape)).withLayout(s.layout)));
        for (Preprocessing p : shaped) {
            Optional<Preprocessing> found = picture(samples, p);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private record Reshape(Shape shape, Optional<Layout> layout) {}

    /** Features read as pictures: with the size that the model declares, or square. */
    private List<Reshape> reshaped(Samples samples) {
        Optional<Shape> shape = samples.shape();
        if (samples instanceof PictureSamples || shape.isEmpty() || shape.get().rank() != 1) {
            return List.of();
        }
        List<Reshape> out = new ArrayList<>();
        long count = shape.get().count();
        if (dims.size() > 1 && dims.stream().noneMatch(d -> d < 0)) {
            Shape own = Shape.of(dims.stream().mapToLong(d -> d).toArray());
            if (own.count() == count) {
                out.add(new Reshape(
                        own,
                        dims.size() == 3
                                ? Optional.of(dims.get(0) <= dims.get(2) ? Layout.NCHW : Layout.NHWC)
                                : Optional.empty()));
            }
        }
        PictureForm.of(shape.get(), false)
                .ifPresent(f -> out.add(new Reshape(Shape.of(1, f.height(), f.width()), Optional.of(Layout.NCHW))));
        return out;
    }

    private Optional<Preprocessing> picture(Samples samples, Preprocessing from) {
        Layout output = dims.size() == 3 && isColour(dims.get(2)) && !isColour(dims.get(0))
                ? Layout.NHWC
                : dims.size() == 1 ? Layout.NF : Layout.NCHW;
        long channels = dims.size() == 3 ? dims.get(output == Layout.NHWC ? 2 : 0) : 1;
        long height = dims.size() == 1
                ? side()
                : dims.size() < 2 ? -1 : dims.get(dims.size() == 3 && output == Layout.NCHW ? 1 : 0);
        long width = dims.size() == 1
                ? side()
                : dims.size() < 2 ? -1 : dims.get(dims.size() == 3 && output == Layout.NCHW ? 2 : 1);
        List<Optional<Colour>> colours = channels == 1
                ? List.of(Optional.empty(), Optional.of(Colour.GREY))
                : channels == 3 ? List.of(Optional.empty(), Optional.of(Colour.RGB)) : List.of(Optional.empty());
        for (Optional<Resize> resize : sizes(samples, from, height, width)) {
            for (Optional<Colour> colour : colours) {
                for (Optional<Layout> layout : List.of(from.outputLayout(), Optional.of(output))) {
                    Preprocessing p =
                            from.withOutputLayout(layout).withResize(resize).withColour(colour);
                    if (fits(samples, p)) {
                        return Optional.of(p);
                    }
                }
            }
        }
        return Optional.empty();
    }

    private long side() {
        long side = Math.round(Math.sqrt((double) Math.max(0, dims.getFirst())));
        return side * side == dims.getFirst() && side > 0 ? side : -1;
    }

    /** The sizes to try; leaving the size unchanged comes first, if that is possible. */
    private static List<Optional<Resize>> sizes(Samples samples, Preprocessing from, long height, long width) {
        List<Optional<Resize>> out = new ArrayList<>(List.of(from.resize()));
        boolean alike = samples.shape().isPresent();
        long h = height > 0 ? height : width > 0 ? width : alike ? -1 : COMMON_SIDE;
        long w = width > 0 ? width : h;
        if (h > 0 && h <= Resize.MAX_SIDE && w <= Resize.MAX_SIDE) {
            boolean crop = !alike && Math.min(h, w) >= PHOTOGRAPH;
            Resize plain = Resize.to((int) w, (int) h);
            out.add(Optional.of(
                    crop ? new Resize((int) w, (int) h, plain.method(), Resize.Aspect.CROP, true, 0) : plain));
        }
        return out;
    }

    private static boolean isColour(long channels) {
        return channels == 1 || channels == 3;
    }

    private boolean fits(Samples samples, Preprocessing how) {
        try {
            return takes(Datasets.prepare(samples, how).sampleShape());
        } catch (BadInputException e) {
            return false;
        }
    }

    /** For a person: a preprocessing that would make a data set fit; empty if none is known. */
    public Optional<String> advice(Dataset data) {
        return data.samples().flatMap(this::propose).map(InputFit::text);
    }

    /** A preprocessing as it would be written in a sidecar, without default values. */
    public static String text(Preprocessing p) {
        List<String> out = new ArrayList<>();
        p.shape().ifPresent(s -> out.add("\"shape\": [" + s.toString().replace("×", ", ") + "]"));
        p.layout().ifPresent(l -> out.add("\"layout\": \"" + l + "\""));
        p.outputLayout().ifPresent(l -> out.add("\"output_layout\": \"" + l + "\""));
        p.resize()
                .ifPresent(r -> out.add("\"resize\": [" + r.width() + ", " + r.height() + "]"
                        + (r.aspect() == Resize.Aspect.CROP ? ", \"resize_aspect\": \"crop\"" : "")));
        p.colour().ifPresent(c -> out.add("\"colour\": \"" + c.id() + "\""));
        if (p.scale() != 1) {
            out.add("\"scale\": " + p.scale());
        }
        if (!p.mean().equals(List.of(0.0))) {
            out.add("\"mean\": " + p.mean());
        }
        if (!p.std().equals(List.of(1.0))) {
            out.add("\"std\": " + p.std());
        }
        return "{" + String.join(", ", out) + "}";
    }
}
