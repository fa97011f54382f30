package org.quantscope.core.calib;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.ClipRanges;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.FittedQuantizer;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.SliceReader;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.WeightedPoints;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.sketch.MaskValues;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.WeightedSketch;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorInfo;

/** Turns a request into its answer: the clip of the spec gives the ranges, and its scheme the parameters. */
public final class RangeResolver {
    /**
     * Contiguous slices of at least this many values are calibrated one after the other on all cores, without a copy.
     */
    private static final long LARGE_SLICE = 1 << 20;

    /** One end of a symmetric range, and the scale that it becomes. */
    private static final long BYTES_SYMMETRIC = 8;
    /** The other end, and a zero point. */
    private static final long BYTES_ASYMMETRIC = 16;
    /** A codebook for each slice besides. */
    private static final long BYTES_FITTED = 256;

    private RangeResolver() {}

    /**
     * @param requested the requested range of each slice
     * @param params the parameters that follow from them
     */
    public record Resolution(List<ClipRange> requested, QuantParams params) {
        public Resolution {
            requested = ClipRanges.copyOf(requested);
        }
    }

    /**
     * As {@link #resolve(Tensor, QuantSpec, Importances, CancelToken)}, for callers that know no importances; the spec
     * may still name a file of them.
     */
    public static Resolution resolve(Tensor tensor, QuantSpec spec, CancelToken cancel) {
        return resolve(tensor, spec, Importances.NONE, cancel);
    }

    /**
     * Resolves a stored tensor; calibrators see its exact values. A tensor without a finite non-zero value gets scale
     * 1, zero point 0.
     *
     * @param importances for a calibrator that needs one
     * @throws IllegalArgumentException if the spec names something that does not exist or does not fit the tensor: an
     *     unknown scheme, calibrator or option, an axis that the shape does not have, another number of ranges than
     *     slices, a manual range that is not symmetric for a symmetric grid, a calibrator that needs the importance of
     *     a tensor whose importance is unknown
     * @throws org.quantscope.core.io.BadInputException if a file that an option names cannot be used
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Resolution resolve(Tensor tensor, QuantSpec spec, Importances importances, CancelToken cancel) {
        if (spec.clip() instanceof Clip.Fixed fixed) {
            checkCount(
                    tensor,
                    Slicing.of(tensor.info(), fixed.params().granularity()),
                    fixed.params().slices());
            return new Resolution(fixed.params().effective(), fixed.params());
        }
        Slicing slicing = Slicing.of(tensor.info(), spec.granularity());
        Quantizer quantizer = spec.checkedQuantizer();
        checkMemory(tensor, slicing, spec, quantizer);
        return switch (spec.clip()) {
            case Clip.Auto auto -> {
                Calibrator calibrator = Calibrators.byId(auto.calibratorId());
                Importance importance = importance(tensor.info(), calibrator, auto, importances, cancel);
                List<ClipRange> ranges = calibrator.needsMoments()
                        ? outputSearch(tensor, slicing, spec, calibrator, auto, importances, cancel)
                                .ranges()
                        : calibrate(tensor.data(), importance, slicing, spec, calibrator, auto.options(), cancel);
                yield resolution(tensor, spec, quantizer, slicing, ranges, importance, cancel);
            }
            case Clip.Manual manual -> {
                List<ClipRange> ranges = Collections.nCopies(slicing.slices(), manual.range());
                yield resolution(tensor, spec, quantizer, slicing, ranges, null, cancel);
            }
            case Clip.ManualPerChannel manual -> {
                if (!(slicing.granularity() instanceof Granularity.PerChannel)) {
                    throw new IllegalArgumentException(
                            "clip: ranges for channels, but the granularity is " + spec.granularity());
                }
                checkCount(tensor, slicing, manual.ranges().size());
                yield resolution(tensor, spec, quantizer, slicing, manual.ranges(), null, cancel);
            }
            case Clip.ManualPerBlock manual -> {
                if (!slicing.isBlocked()) {
                    throw new IllegalArgumentException(
                            "clip: ranges for blocks, but the granularity is " + spec.granularity());
                }
                checkCount(tensor, slicing, manual.ranges().size());
                yield resolution(tensor, spec, quantizer, slicing, manual.ranges(), null, cancel);
            }
            case Clip.Fixed _ -> throw new AssertionError("handled above");
            case Clip.Dynamic _ ->
                throw new IllegalArgumentException(
                        "clip: a range that is found while the network runs is for activations; the values of "
                                + tensor.id() + " do not change");
        };
    }

    /**
     * Resolves a per-tensor spec from a sketch alone (activations).
     *
     * @throws IllegalArgumentException as for a tensor, and if the spec is not per tensor
     */
    public static Resolution resolve(MomentSketch sketch, QuantSpec spec, CancelToken cancel) {
        if (!(spec.granularity() instanceof Granularity.PerTensor)) {
            throw new IllegalArgumentException(
                    "granularity: activations have one range for the whole tensor, got " + spec.granularity());
        }
        return switch (spec.clip()) {
            case Clip.Auto auto -> {
                Quantizer quantizer = spec.checkedQuantizer();
                ClipRange range = Calibrators.byId(auto.calibratorId())
                        .calibrate(new StreamStatistics(sketch), spec, auto.options(), cancel)
                        .range();
                yield resolution(sketch, spec, quantizer, reaching(range, sketch, spec));
            }
            case Clip.Manual manual -> resolution(sketch, spec, spec.checkedQuantizer(), manual.range());
            case Clip.Fixed fixed -> {
                if (fixed.params().slices() != 1) {
                    throw new IllegalArgumentException(
                            "clip: one scale is needed, got " + fixed.params().slices());
                }
                yield new Resolution(fixed.params().effective(), fixed.params());
            }
            case Clip.ManualPerChannel c ->
                throw new IllegalArgumentException(
                        "clip: one range is needed, got " + c.ranges().size() + " for channels");
            case Clip.ManualPerBlock b ->
                throw new IllegalArgumentException(
                        "clip: one range is needed, got " + b.ranges().size() + " for blocks");
            case Clip.Dynamic _ ->
                throw new IllegalArgumentException(
                        "clip: the range is found while the network runs; a sketch has none");
        };
    }

    /** The range with room for what mask values have to become; they themselves were not seen by the calibrator. */
    private static ClipRange reaching(ClipRange range, MomentSketch sketch, QuantSpec spec) {
        if (sketch.masks().isEmpty()) {
            return range;
        }
        MaskValues masks = sketch.masks().get();
        float lo = masks.lo() < 0 ? Math.min(masks.lo(), range.lo()) : range.lo();
        float hi = masks.hi() > 0 ? Math.max(masks.hi(), range.hi()) : range.hi();
        return spec.symmetric() ? ClipRange.symmetric(Math.max(-lo, hi)) : new ClipRange(lo, hi);
    }

    /**
     * The parameters for ranges that are known already. No data is read, unless the scheme fits its levels to the
     * values ({@link FittedQuantizer}): cheap enough for every frame of a drag.
     *
     * @param ranges one for each slice; the spec's clip is ignored
     * @throws IllegalArgumentException as for a tensor
     */
    public static QuantParams resolve(Tensor tensor, QuantSpec spec, List<ClipRange> ranges) {
        Slicing slicing = Slicing.of(tensor.info(), spec.granularity());
        checkCount(tensor, slicing, ranges.size());
        return resolution(tensor, spec, spec.checkedQuantizer(), slicing, ranges, null, new CancelToken())
                .params();
    }

    /**
     * The parameters of one slice, known by its sketch, for a range that is known already.
     *
     * @param spec its granularity and clip are ignored; a format with a scale for each block treats the slice as one
     *     block
     * @throws IllegalArgumentException as for a tensor
     */
    public static QuantParams resolve(MomentSketch slice, QuantSpec spec, ClipRange range) {
        QuantSpec one = asOneSlice(spec);
        return resolution(slice, one, one.checkedQuantizer(), range).params();
    }

    /** The spec for a single slice, whichever granularity it is a slice of. */
    static QuantSpec asOneSlice(QuantSpec spec) {
        int blockSize = spec.quantizer().traits().blockSize();
        return spec.withGranularity(
                blockSize > 0 ? new Granularity.PerBlock(0, Integer.MAX_VALUE) : Granularity.TENSOR);
    }

    /** The range that a calibrator chooses for a whole tensor, with the curve that it searched. */
    public static Calibrator.Calibration calibrate(Tensor tensor, QuantSpec spec, Clip.Auto auto, CancelToken cancel) {
        return calibrate(tensor, spec, auto, Importances.NONE, cancel);
    }

    /** The same with importances for a calibrator that needs one. */
    public static Calibrator.Calibration calibrate(
            Tensor tensor, QuantSpec spec, Clip.Auto auto, Importances importances, CancelToken cancel) {
        spec.check();
        Calibrator calibrator = Calibrators.byId(auto.calibratorId());
        if (calibrator.needsMoments()) {
            Slicing one = Slicing.of(tensor.info(), Granularity.TENSOR);
            return outputSearch(tensor, one, asOneSlice(spec), calibrator, auto, importances, cancel)
                    .whole();
        }
        Importance importance = importance(tensor.info(), calibrator, auto, importances, cancel);
        return calibrator.calibrate(
                new StoredStatistics(tensor.data(), importance, cancel), spec, auto.options(), cancel);
    }

    private static OutputSearch outputSearch(
            Tensor tensor,
            Slicing slicing,
            QuantSpec spec,
            Calibrator calibrator,
            Clip.Auto auto,
            Importances importances,
            CancelToken cancel) {
        Options.of(calibrator, auto.options());
        LayerMoments moments = importances
                .moments(tensor.id())
                .orElseThrow(() -> new IllegalArgumentException(
                        "calibrator." + calibrator.id() + ": " + importances.withoutMoments(tensor.id())));
        return new OutputSearch(tensor, moments, slicing, spec, calibrator, auto.options(), cancel);
    }

    /** The ranges that a calibrator without options, importances and moments chooses. */
    static List<ClipRange> calibrate(
            Tensor tensor, Slicing slicing, QuantSpec spec, String calibrator, CancelToken cancel) {
        return calibrate(tensor.data(), null, slicing, spec, Calibrators.byId(calibrator), Map.of(), cancel);
    }

    /** The importance that the calibrator needs; null if it needs none. */
    private static @Nullable Importance importance(
            TensorInfo tensor, Calibrator calibrator, Clip.Auto auto, Importances importances, CancelToken cancel) {
        if (!calibrator.needsImportance()) {
            return null;
        }
        OptionDoc option = WeightedMseCalibrator.IMPORTANCE;
        String file = Options.of(calibrator, auto.options()).given().getOrDefault(option.name(), option.defaultValue());
        if (!file.equals(option.defaultValue())) {
            return ImportanceFile.read(file, tensor, cancel);
        }
        return importances
                .of(tensor)
                .orElseThrow(() -> new IllegalArgumentException(
                        "calibrator." + calibrator.id() + ": the importance of " + tensor.id()
                                + " is not known; give calibration data for a model that can be run, or a file with "
                                + option.name() + "=FILE"));
    }

    private static @Nullable Importance part(@Nullable Importance whole, Slicing slicing, int slice) {
        return whole == null
                ? null
                : (from, out, length) -> {
                    float[] one = new float[1];
                    for (int i = 0; i < length; i++) {
                        whole.fill(slicing.element(slice, from + i), one, 1);
                        out[i] = one[0];
                    }
                };
    }

    private static @Nullable Importance part(@Nullable Importance whole, long start) {
        return whole == null ? null : (from, out, length) -> whole.fill(start + from, out, length);
    }

    /**
     * The range that a calibrator chooses for one slice that is known by its sketch; the spec's granularity and clip
     * are ignored.
     */
    public static Calibrator.Calibration calibrate(
            MomentSketch slice, QuantSpec spec, Clip.Auto auto, CancelToken cancel) {
        QuantSpec one = asOneSlice(spec);
        one.check();
        return Calibrators.byId(auto.calibratorId())
                .calibrate(new StreamStatistics(slice), one, auto.options(), cancel);
    }

    private static List<ClipRange> calibrate(
            TensorData data,
            @Nullable Importance importance,
            Slicing slicing,
            QuantSpec spec,
            Calibrator calibrator,
            Map<String, String> options,
            CancelToken cancel) {
        if (slicing.slices() > 1
                && importance == null
                && spec.quantizer().hasRelativeScales()
                && calibrator.reaches().length > 0) {
            Options.of(calibrator, options);
            return new RelativeScales(data, slicing, spec, calibrator.reaches(), cancel).ranges();
        }
        long length = data.count() / slicing.slices();
        boolean contiguous = !slicing.isBlocked() && slicing.run() == Math.max(1, length);
        if (slicing.slices() == 1 || (contiguous && length >= LARGE_SLICE)) {
            return IntStream.range(0, slicing.slices())
                    .mapToObj(slice -> new StoredStatistics(
                            data.part(slice * length, length), part(importance, slice * length), cancel))
                    .map(part -> calibrator.range(part, spec, options, cancel))
                    .toList();
        }
        var ranges = new ClipRanges.Collector(slicing.slices(), spec.symmetric());
        SliceReader.forEach(data, slicing, cancel, (slice, values, from, n) -> {
            var statistics = new StoredStatistics(slice(values, from, n), part(importance, slicing, slice), cancel);
            ranges.set(slice, calibrator.range(statistics, spec, options, cancel));
        });
        return ranges.ranges();
    }

    /**
     * @param importance importance of the values that a scheme fits its levels to; null if every value counts the same
     */
    private static Resolution resolution(
            Tensor tensor,
            QuantSpec spec,
            Quantizer quantizer,
            Slicing slicing,
            List<ClipRange> ranges,
            @Nullable Importance importance,
            CancelToken cancel) {
        checkRanges(spec, ranges);
        if (!(quantizer instanceof FittedQuantizer fitted)) {
            return new Resolution(ranges, quantizer.resolve(spec, slicing.granularity(), ranges));
        }
        var codebooks = new CodebookGrid[slicing.slices()];
        if (slicing.slices() == 1) {
            codebooks[0] = fitted.fit(
                    spec,
                    ranges.getFirst(),
                    points(MomentSketch.of(tensor, cancel), tensor.data(), importance, cancel));
        } else {
            SliceReader.forEach(tensor.data(), slicing, cancel, (slice, values, from, n) -> {
                TensorData part = slice(values, from, n);
                codebooks[slice] = fitted.fit(
                        spec,
                        ranges.get(slice),
                        points(MomentSketch.of(values, from, n), part, part(importance, slicing, slice), cancel));
            });
        }
        float[] scales = new float[codebooks.length];
        Arrays.fill(scales, 1);
        return new Resolution(ranges, QuantParams.ofCodebooks(slicing.granularity(), scales, List.of(codebooks)));
    }

    private static TensorData slice(float[] values, int from, int n) {
        return new TensorData(
                DType.F32, MemorySegment.ofArray(values).asSlice(4L * from, 4L * n), ByteOrder.nativeOrder(), n);
    }

    /** The values as a distribution, in which each counts by its importance if that is known. */
    private static WeightedPoints points(
            MomentSketch sketch, TensorData data, @Nullable Importance importance, CancelToken cancel) {
        if (importance == null) {
            return sketch.points();
        }
        WeightedSketch weighted = new StoredStatistics(data, importance, cancel).weighted();
        return weighted.total() == 0 ? sketch.points() : weighted.points();
    }

    private static Resolution resolution(MomentSketch sketch, QuantSpec spec, Quantizer quantizer, ClipRange range) {
        List<ClipRange> ranges = List.of(range);
        checkRanges(spec, ranges);
        return new Resolution(
                ranges,
                quantizer instanceof FittedQuantizer fitted
                        ? QuantParams.ofCodebook(
                                spec.granularity(), new float[] {1}, fitted.fit(spec, range, sketch.points()))
                        : quantizer.resolve(spec, spec.granularity(), ranges));
    }

    private static void checkRanges(QuantSpec spec, List<ClipRange> ranges) {
        if (spec.symmetric()) {
            for (ClipRange range : ranges) {
                if (range.lo() != -range.hi()) {
                    throw new IllegalArgumentException(
                            "clip: a symmetric grid needs lo = -hi, got lo " + range.lo() + " and hi " + range.hi());
                }
            }
        }
    }

    /**
     * Says before the work begins if there is not enough memory for the parameters of so many slices.
     *
     * @throws IllegalArgumentException saying how much is needed
     */
    private static void checkMemory(Tensor tensor, Slicing slicing, QuantSpec spec, Quantizer quantizer) {
        long each = quantizer instanceof FittedQuantizer
                ? BYTES_FITTED
                : spec.symmetric() ? BYTES_SYMMETRIC : BYTES_ASYMMETRIC;
        long needed = slicing.slices() * each;
        long most = Runtime.getRuntime().maxMemory() / 4 * 3;
        if (needed > most) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "granularity: %s has %,d slices (%s), for which %,d MB of memory are needed; the program may use"
                            + " %,d MB. Choose larger blocks, or give it more memory with the Java option -Xmx",
                    tensor.id(),
                    slicing.slices(),
                    slicing.granularity(),
                    needed >> 20,
                    most >> 20));
        }
    }

    private static void checkCount(Tensor tensor, Slicing slicing, int given) {
        if (given != slicing.slices()) {
            throw new IllegalArgumentException("clip: " + tensor.id() + " has " + slicing.slices() + " slices ("
                    + slicing.granularity() + "), got ranges for " + given);
        }
    }
}
