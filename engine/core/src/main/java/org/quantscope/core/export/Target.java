package org.quantscope.core.export;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.session.Edit;

/**
 * What a toolchain supports, as data, and the problems that follow from it.
 *
 * @param id of the exporter
 * @param toolchain its name for people, for example {@code TensorRT}
 * @param weights what it supports for weights
 * @param activations what it supports for activations
 * @param minimumSpan the smallest hi − lo that it accepts, 0 if it accepts any
 */
public record Target(
        String id, String toolchain, TargetSupport weights, TargetSupport activations, double minimumSpan) {
    public Target(String id, String toolchain, TargetSupport weights, TargetSupport activations) {
        this(id, toolchain, weights, activations, 0);
    }

    /** The tensors that the target accepts, perhaps with a warning, in the order of {@link ExportPlan#encodings()}. */
    public List<Encoding> carried(ExportPlan plan) {
        return plan.encodings().stream()
                .filter(e -> !takes(e).none() && problems(e).stream().noneMatch(p -> p.severity() == Severity.ERROR))
                .map(this::widened)
                .toList();
    }

    /** The tensor with the scales of slices that are narrower than the target takes raised to its smallest. */
    private Encoding widened(Encoding e) {
        if (e.isActivation() || !e.isAffine() || narrow(e) == 0) {
            return e;
        }
        QuantParams p = e.params();
        float[] scales = p.scales();
        for (int i = 0; i < scales.length; i++) {
            scales[i] = Math.max(scales[i], smallestScale(e));
        }
        return new Encoding(
                e.info(), e.spec(), new QuantParams(p.granularity(), scales, p.zeroPoints(), p.qmin(), p.qmax()));
    }

    /** The smallest scale at which the codes of a tensor span what the target wants. */
    private float smallestScale(Encoding e) {
        return Math.nextUp(
                (float) (minimumSpan / (e.params().qmax() - e.params().qmin())));
    }

    /** How many slices are narrower than the target takes. */
    private long narrow(Encoding e) {
        return minimumSpan == 0
                ? 0
                : e.effective().stream().filter(this::isNarrow).count();
    }

    private boolean isNarrow(ClipRange range) {
        return (double) range.hi() - range.lo() < minimumSpan;
    }

    /**
     * The problems of a format that refers to tensors in the model's own file: those of all tensors, an error if there
     * is nothing to write, and a warning if weights differ from those in that file. A kind of tensor that the format
     * cannot express is not a problem; {@link Exporter#loses} says so.
     */
    public List<ExportProblem> problems(ExportPlan plan) {
        List<ExportProblem> all = new ArrayList<>();
        if (plan.encodings().stream().allMatch(e -> takes(e).none())) {
            String kind = weights.none() ? "activation" : activations.none() ? "weight" : "tensor";
            all.add(new ExportProblem(
                    id,
                    "",
                    "no " + kind + " is quantized, and there is nothing else that this file holds",
                    "quantize " + (kind.equals("tensor") ? "some" : kind.equals("weight") ? "weights" : "activations"),
                    Severity.ERROR));
        }
        List<String> altered = plan.encodings().stream()
                .filter(e -> !takes(e).none()
                        && !e.isActivation()
                        && plan.model().altered().contains(e.id()))
                .map(e -> e.id().name())
                .toList();
        if (!altered.isEmpty()) {
            all.add(new ExportProblem(
                    id,
                    "",
                    altered.size() + (altered.size() == 1 ? " weight is" : " weights are") + " not as in "
                            + plan.model().file().getFileName() + ", BatchNormalization or a correction is folded into "
                            + altered.getFirst() + (altered.size() > 1 ? " and others" : "")
                            + "; this file names tensors of the model that " + toolchain + " is given",
                    "export the folded model and give " + toolchain + " that, or analyse without folding",
                    Severity.WARNING));
        }
        all.addAll(tensorProblems(plan));
        return all;
    }

    /** The problems of a format that contains the values itself: those of all tensors. */
    public List<ExportProblem> tensorProblems(ExportPlan plan) {
        return plan.encodings().stream().flatMap(e -> problems(e).stream()).toList();
    }

    private TargetSupport takes(Encoding e) {
        return e.isActivation() ? activations : weights;
    }

    /** The problems of one tensor; those that leave it out of the file come first. */
    public List<ExportProblem> problems(Encoding e) {
        TargetSupport takes = takes(e);
        List<ExportProblem> found = new ArrayList<>();
        if (takes.none()) {
            return found;
        }
        if (e.params().runRange().isPresent() && !takes.foundRanges()) {
            found.add(error(
                    e,
                    "its range is found while the network runs, " + toolchain + " takes one that is known beforehand",
                    "choose the range on calibration data",
                    Remedy.calibrator(e, "minmax")));
            return found;
        }
        if (!e.isAffine()) {
            if (!takes.schemes().contains(e.spec().scheme())) {
                found.add(error(
                        e,
                        "its levels are the codebook of " + e.spec().scheme() + ", " + toolchain + " takes "
                                + allowed(takes),
                        "choose the scheme uniform",
                        Remedy.affine(e, takes.nearest(e.bits()))));
            }
            grain(e, takes).ifPresent(found::add);
            return found;
        }
        if (takes.bits().isEmpty()) {
            found.add(error(
                    e,
                    "its levels are evenly spaced codes of " + e.bits() + " bits, " + toolchain + " takes "
                            + allowed(takes),
                    "choose one of these schemes",
                    Optional.empty()));
            return found;
        }
        int width = takes.width(e.bits());
        if (width == 0) {
            int instead = takes.nearest(e.bits());
            found.add(error(
                    e,
                    "it has " + e.bits() + " bits, " + toolchain + " takes " + allowed(takes),
                    "choose " + instead + " bits",
                    Remedy.bits(e, instead)));
        }
        grain(e, takes).ifPresent(found::add);
        switch (takes.zero()) {
            case ANY -> {}
            case SYMMETRIC -> {
                if (!e.isSymmetric()) {
                    found.add(error(
                            e,
                            "its zero point is " + e.params().zeroPoint(0) + ", " + toolchain
                                    + " wants the middle of the codes",
                            "make it symmetric",
                            Remedy.symmetric(e)));
                }
            }
            case ZERO -> {
                if (!e.isZeroPointZero()) {
                    found.add(error(
                            e,
                            "its zero point is " + e.params().zeroPoint(0) + ", " + toolchain + " wants 0",
                            "make it symmetric with signed codes",
                            Remedy.symmetric(e)));
                }
            }
        }
        switch (takes.codes()) {
            case ANY -> {}
            case SIGNED -> {
                if (!e.isSigned()) {
                    found.add(error(
                            e,
                            "its codes are unsigned, " + toolchain + " wants signed ones",
                            "choose signed codes",
                            Remedy.signed(e, true)));
                }
            }
            case UNSIGNED -> {
                if (e.isSigned()) {
                    found.add(error(
                            e,
                            "its codes are signed, " + toolchain + " wants unsigned ones",
                            "choose unsigned codes",
                            Remedy.signed(e, false)));
                }
            }
        }
        if (takes.wholeType() && width == e.bits() && !e.usesWholeType()) {
            found.add(new ExportProblem(
                    id,
                    e.id().name(),
                    "its codes end at " + e.params().qmin() + " and "
                            + e.params().qmax() + ", those of " + toolchain + " at " + e.typeMin() + " and "
                            + e.typeMax() + ": a value just outside the range gets one more step",
                    "choose the full range, or accept it",
                    Severity.WARNING,
                    Remedy.fullRange(e)));
        }
        long narrow = narrow(e);
        if (narrow > 0 && !e.isActivation()) {
            found.add(new ExportProblem(
                    id,
                    e.id().name(),
                    String.format(
                            Locale.ROOT,
                            "%d of its %d ranges %s narrower than the %s that %s takes: written with its smallest"
                                    + " scale, %.3g",
                            narrow,
                            e.params().slices(),
                            narrow == 1 ? "is" : "are",
                            minimumSpan,
                            toolchain,
                            smallestScale(e)),
                    "widen the ranges to evaluate it so, or accept it",
                    Severity.WARNING,
                    Remedy.widen(e, minimumSpan)));
        } else if (narrow > 0) {
            ClipRange range = e.effective().getFirst();
            found.add(error(
                    e,
                    String.format(
                            Locale.ROOT,
                            "its range is %s wide, %s wants at least %s",
                            (double) range.hi() - range.lo(),
                            toolchain,
                            minimumSpan),
                    "widen the range",
                    Remedy.widen(e, minimumSpan)));
        }
        return found;
    }

    private Optional<ExportProblem> grain(Encoding e, TargetSupport takes) {
        return switch (e.params().granularity()) {
            case Granularity.PerTensor _ ->
                takes.grains().contains(TargetSupport.Grain.TENSOR)
                        ? Optional.empty()
                        : Optional.of(error(
                                e,
                                "it has one scale, " + toolchain + " takes " + allowed(takes),
                                "choose another granularity",
                                Remedy.grain(e, takes)));
            case Granularity.PerChannel c ->
                takes.grains().contains(TargetSupport.Grain.CHANNEL)
                        ? Optional.empty()
                        : Optional.of(error(
                                e,
                                "it has a scale for each index of axis " + c.axis() + ", " + toolchain + " takes "
                                        + allowed(takes),
                                "choose another granularity",
                                Remedy.grain(e, takes)));
            case Granularity.PerBlock b ->
                takes.grains().contains(TargetSupport.Grain.BLOCK)
                                && (takes.blockSizes().isEmpty()
                                        || takes.blockSizes().contains(b.size()))
                        ? Optional.empty()
                        : Optional.of(error(
                                e,
                                "it has a scale for each " + b.size() + " values, " + toolchain + " takes "
                                        + allowed(takes),
                                "choose another granularity",
                                Remedy.grain(e, takes)));
        };
    }

    /** In words, what may be chosen. */
    private static String allowed(TargetSupport takes) {
        List<String> parts = new ArrayList<>();
        if (!takes.bits().isEmpty()) {
            parts.add(takes.bits().stream().map(String::valueOf).collect(Collectors.joining(", ")) + " bits");
        }
        if (!takes.schemes().isEmpty()) {
            parts.add(String.join(", ", takes.schemes()));
        }
        String grains = takes.grains().stream()
                .map(g -> switch (g) {
                    case TENSOR -> "tensor";
                    case CHANNEL -> "channel";
                    case BLOCK ->
                        takes.blockSizes().isEmpty()
                                ? "block"
                                : "block of "
                                        + takes.blockSizes().stream()
                                                .map(String::valueOf)
                                                .collect(Collectors.joining(", "));
                })
                .collect(Collectors.joining(" or "));
        return String.join(" or ", parts) + " per " + grains;
    }

    private ExportProblem error(Encoding e, String why, String remedy, Optional<Edit> fix) {
        return new ExportProblem(id, e.id().name(), why, remedy, Severity.ERROR, fix);
    }
}
