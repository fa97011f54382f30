package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.quantscope.core.export.TensorRtCacheExporter;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.Quoted;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Reads a TensorRT calibration cache: a scale for each activation, symmetric with 8 signed bits. */
public final class TensorRtCacheImporter implements Importer {
    private static final long MAX_BYTES = 64L << 20;
    private static final Pattern SCALE = Pattern.compile("[0-9a-fA-F]{8}");
    private static final int HEX = 16;

    private static final QuantSpec SPEC = QuantSpec.ACTIVATIONS.withSigned(true).withSymmetric(true);

    @Override
    public String id() {
        return TensorRtCacheExporter.ID;
    }

    @Override
    public String title() {
        return "TensorRT calibration cache";
    }

    @Override
    public String source() {
        return TensorRtCacheExporter.SOURCE;
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        List<String> lines = FileCheck.text(file, MAX_BYTES, title()).lines().toList();
        if (lines.isEmpty()
                || !(lines.getFirst().startsWith("TRT-") || lines.getFirst().startsWith("MGX-"))) {
            throw new BadInputException(
                    file,
                    "line 1",
                    "TRT-<version>-<algorithm> is needed, got "
                            + (lines.isEmpty() ? "nothing" : Quoted.of(lines.getFirst())));
        }
        Names names = new Names(model);
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        Map<TensorId, Float> scales = new HashMap<>();
        for (int i = 1; i < lines.size(); i++) {
            cancel.check();
            if (lines.get(i).isBlank()) {
                continue;
            }
            String field = "line " + (i + 1);
            int colon = lines.get(i).lastIndexOf(": ");
            String hex = colon < 0 ? "" : lines.get(i).substring(colon + 2).strip();
            if (colon < 1 || !SCALE.matcher(hex).matches()) {
                throw new BadInputException(
                        file, field, "<tensor>: <8 hex digits> is needed, got " + Quoted.of(lines.get(i)));
            }
            float scale = Float.intBitsToFloat(Integer.parseUnsignedInt(hex, HEX));
            String name = lines.get(i).substring(0, colon);
            if (names.shares(name, scale)) {
                continue;
            }
            Optional<TensorInfo> found = names.find(name);
            if (found.isEmpty()) {
                continue;
            }
            TensorInfo info = found.get();
            if (info.kind() != TensorKind.ACTIVATION) {
                names.refuse(
                        info.id().name(), "it is a " + info.kind().id() + ", a calibration cache is of activations");
                continue;
            }
            try {
                QuantParams params = new QuantParams(
                        Granularity.TENSOR, new float[] {scale}, new int[] {0}, Byte.MIN_VALUE, Byte.MAX_VALUE);
                if (specs.put(info.id(), SPEC.withClip(new Clip.Fixed(params))) != null) {
                    throw new BadInputException(file, field, info.id() + " occurs twice");
                }
                scales.put(info.id(), scale);
            } catch (IllegalArgumentException e) {
                throw new BadInputException(file, field, info.id() + ": " + e.getMessage(), e);
            }
        }
        names.settle(scales);
        return new Imported(specs, names.unmatched(), List.of());
    }
}
