package org.quantscope.core.session;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.PrettyJson;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Writes the JSON of a session: fixed order of fields, two spaces, line feeds, the shortest decimal of each float32. */
final class SessionWriter {
    private final JsonGenerator json;
    private final Path file;

    private SessionWriter(JsonGenerator json, Path file) {
        this.json = json;
        this.file = file;
    }

    /**
     * @param file final path of the file, absolute: paths are written relative to it
     * @param more writes further members after those of the session
     */
    static void write(OutputStream out, Session session, Path file, Consumer<SessionWriter> more) throws IOException {
        PrettyJson.write(out, json -> {
            SessionWriter writer = new SessionWriter(json, file);
            json.writeStartObject();
            writer.session(session);
            more.accept(writer);
            json.writeEndObject();
        });
    }

    private void session(Session session) {
        SessionState state = session.state();
        json.writeStringProperty("format", SessionFile.FORMAT);
        json.writeNumberProperty("version", SessionFile.VERSION);
        file("model", state.model());
        state.calibrationData().ifPresent(ref -> file("calibration_data", ref));
        state.evaluationData().ifPresent(ref -> file("evaluation_data", ref));
        json.writeBooleanProperty("fold_batch_norm", state.foldBatchNorm());
        settings(CorrectionSettings.of(session));
        state.metric().ifPresent(task -> json.writeStringProperty("metric", task.id()));
        state.scored().output().ifPresent(output -> json.writeStringProperty("output", output));
        state.scored().pool().ifPresent(pool -> json.writeStringProperty("pool", pool));
        state.reference().ifPresent(ref -> file("reference", ref));
        if (!state.addedQuantizers().isEmpty()) {
            json.writeArrayPropertyStart("added_quantizers");
            state.addedQuantizers().forEach(id -> json.writeString(id.name()));
            json.writeEndArray();
        }
        if (!state.corrections().isEmpty()) {
            json.writeArrayPropertyStart("corrections");
            state.corrections().forEach(c -> correction(c, ref -> file("data", ref)));
            json.writeEndArray();
        }
        if (!state.budget().isNone()) {
            json.writeObjectPropertyStart("budget");
            state.budget().forEach(this::limit);
            json.writeEndObject();
        }
        if (!state.snapshots().isEmpty()) {
            json.writeArrayPropertyStart("snapshots");
            for (Snapshot snapshot : state.snapshots()) {
                json.writeStartObject();
                json.writeStringProperty("name", snapshot.name());
                snapshot(snapshot, ref -> file("data", ref));
                scores(session.scores().getOrDefault(snapshot.key(), List.of()));
                json.writeEndObject();
            }
            json.writeEndArray();
        }
        if (!session.solved().isEmpty()) {
            json.writeObjectPropertyStart("codes");
            session.solved().forEach((id, solved) -> {
                json.writeObjectPropertyStart(id.name());
                SolvedFields.write(json, solved, this::params);
                json.writeEndObject();
            });
            json.writeEndObject();
        }
    }

    /**
     * A hash of a model and a list of corrections, in lower-case hex; the files that corrections use count by their
     * content.
     */
    static String keyOf(String modelSha256, List<AppliedCorrection> corrections) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out);
        SessionWriter writer = new SessionWriter(json, Path.of(""));
        json.writeStartArray();
        json.writeString(modelSha256);
        corrections.forEach(c -> writer.correction(c, ref -> json.writeStringProperty("data", ref.digest())));
        json.writeEndArray();
        json.close();
        return hash(out);
    }

    /** A hash of the settings of a snapshot whatever its name, in lower-case hex. */
    static String keyOf(Snapshot snapshot) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out);
        SessionWriter writer = new SessionWriter(json, Path.of(""));
        json.writeStartObject();
        writer.snapshot(snapshot, ref -> json.writeStringProperty("data", ref.digest()));
        json.writeEndObject();
        json.close();
        return hash(out);
    }

    private static String hash(ByteArrayOutputStream out) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(out.toByteArray()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private void snapshot(Snapshot snapshot, Consumer<FileRef> data) {
        snapshot.weights().ifPresent(spec -> spec("weights", spec));
        snapshot.activations().ifPresent(spec -> spec("activations", spec));
        json.writeObjectPropertyStart("overrides");
        snapshot.overrides().forEach((id, spec) -> spec(id.name(), spec));
        json.writeEndObject();
        names("keep_float", snapshot.keptFloat());
        json.writeBooleanProperty("fold_batch_norm", snapshot.foldBatchNorm());
        names("added_quantizers", snapshot.addedQuantizers());
        json.writeArrayPropertyStart("corrections");
        snapshot.corrections().forEach(c -> correction(c, data));
        json.writeEndArray();
    }

    private void names(String field, Set<TensorId> ids) {
        json.writeArrayPropertyStart(field);
        ids.forEach(id -> json.writeString(id.name()));
        json.writeEndArray();
    }

    private void scores(List<SnapshotScore> scores) {
        if (scores.isEmpty()) {
            return;
        }
        json.writeArrayPropertyStart("scores");
        for (SnapshotScore score : scores) {
            json.writeStartObject();
            json.writeStringProperty("rests_on", score.rests());
            json.writeStringProperty("data", score.data());
            json.writeStringProperty("metric", score.task().id());
            json.writeNumberProperty("samples", score.samples());
            json.writeNumberProperty("score", score.score());
            json.writeNumberProperty("float_score", score.floatScore());
            json.writeNumberProperty("size_bytes", score.bytes());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void correction(AppliedCorrection correction, Consumer<FileRef> data) {
        json.writeStartObject();
        json.writeStringProperty("id", correction.id());
        options(correction.options());
        correction.data().ifPresent(data);
        correction.settings().ifPresent(settings -> {
            json.writeObjectPropertyStart("settings");
            settings(settings);
            json.writeEndObject();
        });
        correction.learned().ifPresent(learned -> {
            json.writeObjectPropertyStart("learned");
            learned.bytes().forEach((id, bytes) -> SolvedFields.lines(json, id.name(), bytes));
            json.writeEndObject();
        });
        json.writeEndObject();
    }

    private void settings(CorrectionSettings settings) {
        settings.weights().ifPresent(spec -> spec("weights", spec));
        settings.activations().ifPresent(spec -> spec("activations", spec));
        json.writeObjectPropertyStart("overrides");
        settings.overrides().forEach((id, spec) -> spec(id.name(), spec));
        json.writeEndObject();
        json.writeArrayPropertyStart("keep_float");
        settings.keptFloat().forEach(id -> json.writeString(id.name()));
        json.writeEndArray();
        json.writeObjectPropertyStart("activation_ranges");
        for (Map.Entry<TensorId, ClipRange> entry : settings.ranges().ranges().entrySet()) {
            json.writeName(entry.getKey().name());
            range(entry.getValue());
        }
        json.writeEndObject();
        if (!settings.ranges().levels().isEmpty()) {
            json.writeObjectPropertyStart("activation_levels");
            settings.ranges().levels().forEach((id, fitted) -> {
                json.writeObjectPropertyStart(id.name());
                json.writeStringProperty("scheme", fitted.scheme());
                json.writeNumberProperty("bits", fitted.bits());
                ends(fitted.range());
                json.writeName("levels");
                levels(fitted.levels());
                json.writeEndObject();
            });
            json.writeEndObject();
        }
        if (!settings.ranges().maskShares().isEmpty()) {
            json.writeObjectPropertyStart("mask_values");
            settings.ranges().maskShares().forEach((id, share) -> json.writeNumberProperty(id.name(), share));
            json.writeEndObject();
        }
    }

    private void limit(String name, double value) {
        long whole = (long) value;
        if (whole == value && whole < Long.MAX_VALUE) {
            json.writeNumberProperty(name, whole);
        } else {
            json.writeNumberProperty(name, value);
        }
    }

    private void file(String name, FileRef ref) {
        json.writeObjectPropertyStart(name);
        json.writeStringProperty("path", relative(ref.path()));
        json.writeStringProperty("sha256", ref.sha256());
        if (!ref.companions().isEmpty()) {
            json.writeObjectPropertyStart("companions");
            ref.companions().forEach(json::writeStringProperty);
            json.writeEndObject();
        }
        ref.preprocessing().ifPresent(this::preprocessing);
        ref.samples().ifPresent(n -> json.writeNumberProperty("samples", n));
        if (!ref.leftOut().isEmpty()) {
            json.writeArrayPropertyStart("left_out");
            ref.leftOut().forEach(json::writeNumber);
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    private void preprocessing(Preprocessing p) {
        json.writeObjectPropertyStart("preprocessing");
        p.shape().ifPresent(shape -> {
            json.writeArrayPropertyStart("shape");
            for (long d : shape.toArray()) {
                json.writeNumber(d);
            }
            json.writeEndArray();
        });
        p.layout().ifPresent(l -> json.writeStringProperty("layout", l.name()));
        p.outputLayout().ifPresent(l -> json.writeStringProperty("output_layout", l.name()));
        p.resize().ifPresent(r -> {
            json.writeArrayPropertyStart("resize");
            json.writeNumber(r.width());
            json.writeNumber(r.height());
            json.writeEndArray();
            json.writeStringProperty("resize_method", r.method().id());
            json.writeStringProperty("resize_aspect", r.aspect().id());
            json.writeBooleanProperty("resize_antialias", r.antialias());
            if (r.shorter() > 0) {
                json.writeNumberProperty("resize_shorter", r.shorter());
            }
        });
        p.colour().ifPresent(c -> json.writeStringProperty("colour", c.id()));
        json.writeNumberProperty("scale", p.scale());
        numbers("mean", p.mean());
        numbers("std", p.std());
        if (!p.modelClasses().isEmpty()) {
            json.writeArrayPropertyStart("model_classes");
            p.modelClasses().forEach(json::writeString);
            json.writeEndArray();
        }
        p.labelColumn().ifPresent(column -> json.writeStringProperty("label_column", column));
        if (p.labelNumbers().first() != 0) {
            json.writeNumberProperty("first_label", p.labelNumbers().first());
        }
        p.labelNumbers().ignored().ifPresent(label -> json.writeNumberProperty("ignore_label", label));
        p.corruption().ifPresent(c -> json.writeStringProperty("corruption", c.text()));
        json.writeEndObject();
    }

    private void numbers(String name, List<Double> values) {
        json.writeArrayPropertyStart(name);
        values.forEach(json::writeNumber);
        json.writeEndArray();
    }

    /** The path relative to the session file, with slashes, if both share a folder below the root; else absolute. */
    private String relative(Path path) {
        Path target = path.toAbsolutePath().normalize();
        Path folder = Objects.requireNonNull(file.getParent());
        boolean shared = Objects.equals(target.getRoot(), folder.getRoot())
                && target.getNameCount() > 1
                && folder.getNameCount() > 0
                && target.getName(0).equals(folder.getName(0));
        return shared || Objects.equals(target.getParent(), folder)
                ? folder.relativize(target)
                        .toString()
                        .replace(target.getFileSystem().getSeparator(), "/")
                : target.toString();
    }

    private void spec(String name, QuantSpec spec) {
        json.writeObjectPropertyStart(name);
        json.writeStringProperty("scheme", spec.scheme());
        json.writeNumberProperty("bits", spec.bits());
        json.writeBooleanProperty("signed", spec.signed());
        json.writeBooleanProperty("symmetric", spec.symmetric());
        json.writeBooleanProperty("narrow_range", spec.restrictedRange());
        json.writeStringProperty("granularity", spec.granularity().toString());
        json.writeObjectPropertyStart("clip");
        clip(spec.clip());
        json.writeEndObject();
        options(spec.options());
        if (!spec.isNearest()) {
            json.writeStringProperty("rounding", spec.rounding());
        }
        json.writeEndObject();
    }

    private void clip(Clip clip) {
        switch (clip) {
            case Clip.Auto auto -> {
                json.writeStringProperty("kind", "auto");
                json.writeStringProperty("calibrator", auto.calibratorId());
                options(auto.options());
            }
            case Clip.Manual manual -> {
                json.writeStringProperty("kind", "manual");
                ends(manual.range());
            }
            case Clip.ManualPerChannel perChannel -> {
                json.writeStringProperty("kind", "manual-per-channel");
                ranges(perChannel.ranges());
            }
            case Clip.ManualPerBlock perBlock -> {
                json.writeStringProperty("kind", "manual-per-block");
                ranges(perBlock.ranges());
            }
            case Clip.Fixed fixed -> {
                json.writeStringProperty("kind", "fixed");
                params(fixed.params());
            }
            case Clip.Dynamic dynamic -> {
                json.writeStringProperty("kind", "dynamic");
                json.writeStringProperty("of", dynamic.id());
            }
        }
    }

    private void options(Map<String, String> options) {
        if (!options.isEmpty()) {
            json.writeObjectPropertyStart("options");
            options.forEach(json::writeStringProperty);
            json.writeEndObject();
        }
    }

    private void ranges(List<ClipRange> ranges) {
        json.writeArrayPropertyStart("ranges");
        ranges.forEach(this::range);
        json.writeEndArray();
    }

    /** Writes a range on one line, because a tensor may have thousands. */
    private void range(ClipRange range) {
        json.writeRawValue("{ \"lo\" : " + range.lo() + ", \"hi\" : " + range.hi() + " }");
    }

    private void ends(ClipRange range) {
        json.writeName("lo");
        float32(range.lo());
        json.writeName("hi");
        float32(range.hi());
    }

    /** Writes the resolved parameters of every quantized tensor, in the order of their names, and their provenance. */
    void resolved(SessionState state, ResolvedSettings resolved, CancelToken cancel) {
        json.writeArrayPropertyStart("resolved");
        resolved.tensors().stream()
                .sorted(Comparator.comparing(ResolvedTensor::id))
                .forEach(tensor -> {
                    cancel.check();
                    entry(tensor.info(), tensor.spec(), tensor.params());
                });
        json.writeEndArray();
        json.writeObjectPropertyStart("provenance");
        Provenance.of(state).forEach(json::writeStringProperty);
        json.writeEndObject();
    }

    private void entry(TensorInfo info, QuantSpec spec, QuantParams params) {
        json.writeStartObject();
        json.writeStringProperty("name", info.id().name());
        json.writeStringProperty("kind", info.kind().id());
        json.writeStringProperty("scheme", spec.scheme());
        json.writeNumberProperty("bits", spec.bits());
        params(params);
        if (spec.clip() instanceof Clip.Dynamic dynamic) {
            // What follows is then the range of the calibration data.
            json.writeStringProperty("dynamic", dynamic.id());
        }
        List<ClipRange> effective = params.effective();
        floats("rmin", effective.stream().map(ClipRange::lo).toList());
        floats("rmax", effective.stream().map(ClipRange::hi).toList());
        json.writeEndObject();
    }

    private void params(QuantParams params) {
        json.writeStringProperty("granularity", params.granularity().toString());
        json.writeArrayPropertyStart("scale");
        for (float scale : params.scales()) {
            float32(scale);
        }
        json.writeEndArray();
        if (params.isAffine()) {
            json.writeArrayPropertyStart("zero_point");
            for (int zeroPoint : params.zeroPoints()) {
                json.writeNumber(zeroPoint);
            }
            json.writeEndArray();
            json.writeNumberProperty("qmin", params.qmin());
            json.writeNumberProperty("qmax", params.qmax());
        } else {
            json.writeArrayPropertyStart("codebooks");
            params.codebooks().forEach(this::levels);
            json.writeEndArray();
        }
    }

    private void levels(CodebookGrid codebook) {
        json.writeStartArray();
        for (float level : codebook.levels()) {
            float32(level);
        }
        json.writeEndArray();
    }

    private void floats(String name, List<Float> values) {
        json.writeArrayPropertyStart(name);
        values.forEach(this::float32);
        json.writeEndArray();
    }

    private void float32(float value) {
        PrettyJson.float32(json, value);
    }
}
