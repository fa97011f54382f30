package org.quantscope.core.export;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.tensor.TensorId;

/**
 * The calibration cache of TensorRT up to version 10: for each activation the scale as the big-endian hexadecimal
 * digits of its float32. TensorRT takes 127 times that as the dynamic range and chooses the ranges of weights itself. A
 * value that shares the parameters of another has an entry too, because TensorRT computes the readers of a value
 * without an entry in float.
 */
public final class TensorRtCacheExporter extends FileFormat {
    public static final String ID = "tensorrt-cache";
    public static final String SOURCE =
            "https://docs.nvidia.com/deeplearning/tensorrt/latest/_static/c-api/classnvinfer1_1_1_i_int8_calibrator.html";

    private static final OptionDoc VERSION = new OptionDoc(
            "version",
            "int",
            "8501",
            "Digits of the TensorRT version in the first line, which TensorRT compares with its own.");
    private static final OptionDoc ALGORITHM = new OptionDoc(
            "algorithm",
            "choice:EntropyCalibration2|MinMaxCalibration|EntropyCalibration|LegacyCalibration",
            "EntropyCalibration2",
            "The calibrator class that is to read the file.");
    private static final Pattern DIGITS = Pattern.compile("[0-9]{4,6}");
    private static final String FORM = "a number of 4 to 6 digits";
    private static final Target TARGET = new Target(
            ID,
            "TensorRT",
            TargetSupport.nothing(),
            TargetSupport.affine(Byte.SIZE)
                    .with(TargetSupport.Zero.ZERO)
                    .with(TargetSupport.Codes.SIGNED)
                    .withWholeType());

    public TensorRtCacheExporter() {
        super(
                ID,
                "TensorRT calibration cache",
                SOURCE,
                ".cache",
                EnumSet.of(Field.WEIGHTS, Field.CODES, Field.CHOICE, Field.PROVENANCE),
                VERSION,
                ALGORITHM);
    }

    @Override
    public void checkOptions(Map<String, String> given) {
        super.checkOptions(given);
        FormatOptions.of(this, given).matching(VERSION, DIGITS, FORM);
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        List<ExportProblem> problems = new ArrayList<>(TARGET.problems(plan));
        for (Encoding e : TARGET.carried(plan)) {
            if (!fitsInALine(e.id())) {
                problems.add(new ExportProblem(
                        ID,
                        e.id().name(),
                        "its name holds a line break or a character that cannot be seen, an entry is one line",
                        "rename it in the model",
                        Severity.ERROR));
            }
        }
        return problems;
    }

    private static boolean fitsInALine(TensorId id) {
        return id.name().codePoints().noneMatch(Invisible::is);
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        FormatOptions options = FormatOptions.of(this, plan.options());
        StringBuilder text = new StringBuilder(
                "TRT-" + options.matching(VERSION, DIGITS, FORM) + "-" + options.choice(ALGORITHM) + "\n");
        HexFormat hex = HexFormat.of();
        OrtCalibration.sharing(plan.model(), TARGET.carried(plan)).forEach((id, e) -> {
            if (fitsInALine(id)) {
                text.append(id)
                        .append(": ")
                        .append(hex.toHexDigits(Float.floatToIntBits(e.params().scale(0))))
                        .append('\n');
            }
        });
        cancel.check();
        Files.writeString(file, text, StandardCharsets.UTF_8);
        return List.of(file);
    }
}
