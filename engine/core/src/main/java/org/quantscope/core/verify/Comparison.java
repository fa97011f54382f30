package org.quantscope.core.verify;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.export.Encoding;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporter.Field;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/**
 * Compares settings that were read back with those that were written, in every field that the format carries.
 *
 * @param tensors the number of tensors that the file should hold
 * @param difference the first difference, for a person; empty if there is none
 */
record Comparison(int tensors, Optional<String> difference) {
    static Comparison of(Exporter exporter, ExportPlan plan, Imported read) {
        Set<Field> lost = exporter.loses();
        Set<String> refused = exporter.check(plan).stream()
                .filter(p -> p.severity() == ExportProblem.Severity.ERROR)
                .map(ExportProblem::tensor)
                .collect(Collectors.toSet());
        Set<TensorId> written = new HashSet<>();
        for (Encoding e : plan.encodings()) {
            if (refused.contains(e.id().name())
                    || lost.contains(e.isActivation() ? Field.ACTIVATIONS : Field.WEIGHTS)) {
                continue;
            }
            written.add(e.id());
            String what = difference(e, read.specs().get(e.id()), lost);
            if (what != null) {
                return new Comparison(written.size(), Optional.of(e.id() + ": " + what));
            }
        }
        Set<TensorId> more = new HashSet<>(read.specs().keySet());
        more.removeAll(written);
        return new Comparison(written.size(), more.stream().findFirst().map(id -> id + " was not to be there"));
    }

    private static @Nullable String difference(Encoding e, @Nullable QuantSpec spec, Set<Field> lost) {
        if (spec == null) {
            return "is missing";
        }
        if (spec.clip() instanceof Clip.Manual(var range)) {
            ClipRange put = e.spec().clip() instanceof Clip.Manual(var byHand)
                    ? byHand
                    : e.effective().getFirst();
            return lost.contains(Field.RANGE) || range.equals(put)
                    ? null
                    : "has the range " + range + " instead of " + put;
        }
        if (!(spec.clip() instanceof Clip.Fixed(QuantParams got))) {
            return "has no parameters";
        }
        QuantParams put = e.params();
        if (!lost.contains(Field.SCALE) && !Arrays.equals(put.scales(), got.scales())) {
            return "has other scales";
        }
        if (!lost.contains(Field.GRANULARITY) && !put.granularity().equals(got.granularity())) {
            return "has the granularity " + got.granularity() + " instead of " + put.granularity();
        }
        if (!lost.contains(Field.CODEBOOK) && !put.codebooks().equals(got.codebooks())) {
            return "has other levels";
        }
        Encoding back = new Encoding(e.info(), spec, got);
        if (e.isAffine() && !lost.contains(Field.SIGN) && e.isSigned() != back.isSigned()) {
            return "has codes of another sign";
        }
        if (e.isAffine()
                && !lost.contains(Field.ZERO_POINT)
                && !Arrays.equals(zeroPoints(e, lost), zeroPoints(back, lost))) {
            return "has other zero points";
        }
        if (e.isAffine() && !lost.contains(Field.CODES) && put.qmax() - put.qmin() != got.qmax() - got.qmin()) {
            return "has another number of codes";
        }
        return null;
    }

    /**
     * Zero points, counted from the lowest code of the type if the format does not distinguish signed from unsigned
     * codes.
     */
    private static int[] zeroPoints(Encoding e, Set<Field> lost) {
        int from = lost.contains(Field.SIGN) ? e.typeMin() : 0;
        return Arrays.stream(e.params().zeroPoints()).map(z -> z - from).toArray();
    }
}
