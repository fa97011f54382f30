package org.quantscope.core.export;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;

/** What ONNX Runtime's two calibration files have in common: ranges of activations, from which their reader makes scales by itself. */
final class OrtCalibration {
    static final String SOURCE = "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/python/tools/quantization/calibrate.py";
    /** How far the reader's scale may be from ours before it is told: rounding of the ends of the range in float32. */
    private static final double SAME = 1e-5;

    private OrtCalibration() {}

    /** The range of an activation as the reader is to have it: one set by hand is passed on as it is, because its reader rounds as we do. */
    static ClipRange range(Encoding e) {
        return e.spec().clip() instanceof Clip.Manual(ClipRange byHand) ? byHand : e.effective().getFirst();
    }

    /** Warns of tensors whose scale comes out otherwise: {@code (hi − lo) / (2^bits − 1)} is what the reader takes. */
    static List<ExportProblem> otherScales(Target target, ExportPlan plan) {
        List<ExportProblem> problems = new ArrayList<>();
        for (Encoding e : target.carried(plan)) {
            ClipRange range = e.effective().getFirst();
            double theirs = ((double) range.hi() - range.lo()) / ((1 << e.bits()) - 1);
            double ours = e.params().scale(0);
            if (e.isActivation() && Math.abs(theirs - ours) > SAME * ours) {
                problems.add(new ExportProblem(
                        target.id(),
                        e.id().name(),
                        String.format(Locale.ROOT, "its scale is %.6g, ONNX Runtime makes %.6g of its range, which leaves out a code", ours, theirs),
                        "choose the full range, or accept it",
                        Severity.WARNING,
                        Remedy.fullRange(e)));
            }
        }
        return problems;
    }
}
