package org.quantscope.core.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.TreeMap;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.tensor.TensorId;

/**
 * The calibration table of ONNX Runtime's TensorRT and MIGraphX providers: the largest absolute value of each
 * activation, as text and, for the provider, as a FlatBuffers file beside it ({@code .flatbuffers}). ONNX Runtime's own
 * writer takes the upper end of a range; this takes the end that is farther from 0, so that [−8, 1] gives 8. A value
 * that shares the parameters of another has an entry too, because without one the provider would compute its readers in
 * float. A value that is float here has no entry, and its readers are computed in float there.
 */
public final class OrtCalibrationTextExporter extends FileFormat {
    public static final String ID = "ort-calibration-text";
    public static final String SOURCE =
            "https://onnxruntime.ai/docs/execution-providers/TensorRT-ExecutionProvider.html";
    /** Extension of the second file. */
    private static final String FLATBUFFERS = ".flatbuffers";

    private static final Target TARGET =
            new Target(ID, "the TensorRT provider", TargetSupport.nothing(), TargetSupport.affine(Byte.SIZE));

    public OrtCalibrationTextExporter() {
        super(
                ID,
                "ONNX Runtime calibration table, for TensorRT and MIGraphX",
                SOURCE,
                ".cache",
                EnumSet.of(
                        Field.WEIGHTS,
                        Field.SCALE,
                        Field.ZERO_POINT,
                        Field.RANGE,
                        Field.SIGN,
                        Field.CODES,
                        Field.CHOICE,
                        Field.PROVENANCE));
    }

    @Override
    public List<String> parts() {
        return List.of(FLATBUFFERS);
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        List<ExportProblem> problems = new ArrayList<>(TARGET.problems(plan));
        for (Encoding e : TARGET.carried(plan)) {
            ClipRange range = OrtCalibration.range(e);
            if (!fitsInALine(e.id())) {
                problems.add(new ExportProblem(
                        ID,
                        e.id().name(),
                        "its name holds a space, a line break or a character that cannot be seen, which end the name"
                                + " in the table",
                        "rename it in the model",
                        Severity.ERROR));
            } else if (!e.isZeroPointZero() || !e.isSigned()) {
                problems.add(new ExportProblem(
                        ID,
                        e.id().name(),
                        "its range " + range.lo() + " to " + range.hi() + " becomes ±" + range.absMax()
                                + " there, with signed codes",
                        "make it symmetric with signed codes, or accept it",
                        Severity.WARNING,
                        Remedy.symmetric(e)));
            }
        }
        return problems;
    }

    private static boolean fitsInALine(TensorId id) {
        return id.name()
                .codePoints()
                .noneMatch(c -> Character.isWhitespace(c) || Character.isSpaceChar(c) || Invisible.is(c));
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        TreeMap<String, String> table = new TreeMap<>();
        OrtCalibration.sharing(plan.model(), TARGET.carried(plan)).forEach((id, e) -> {
            if (fitsInALine(id)) {
                table.put(id.name(), Float.toString(OrtCalibration.range(e).absMax()));
            }
        });
        cancel.check();
        StringBuilder text = new StringBuilder();
        table.forEach(
                (name, value) -> text.append(name).append(' ').append(value).append('\n'));
        Files.writeString(file, text, StandardCharsets.UTF_8);
        Path second = file.resolveSibling(file.getFileName() + FLATBUFFERS);
        Files.write(second, CalibrationFlatBuffer.of(table));
        return List.of(file, second);
    }
}
