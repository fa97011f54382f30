package org.quantscope.core.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The results of a sweep as far as they are of one model, best first: by the score in the direction of its metric, then by
 * size, then in the order of the plan. Results of another content of the model's file are not taken for its own.
 *
 * @param results what was evaluated
 * @param refused how many points of the model had settings that cannot be
 * @param open how many of its points have no row yet
 * @param ofOthers how many points of the plan are of other models
 */
public record SweepResults(List<Result> results, int refused, int open, int ofOthers) {
    private static final int MAX_ROW = 16 << 20;

    /**
     * What a point has come to.
     *
     * @param settings as the plan says them, such as {@code weights=4 granularity=channel}
     * @param metric what is scored
     * @param floatScore of the float model, in the unit of the metric; a fraction where that is one
     * @param score of the quantized model
     * @param n how many samples, positions or questions the score rests on
     * @param bytes of the quantized model's tensors
     * @param outputSqnrDb of the outputs against the float model's, in dB; not a number where it was not computed
     * @param data the digest of what it was evaluated on ({@link FileRef#digest})
     * @param whole true if all samples of that data were to be evaluated
     * @param calibration the digest of the calibration data; empty if there is none
     * @param state the settings to go back to; empty for a corrected model, whose corrections have to be applied anew, and
     *     for a part of divided data
     */
    public record Result(
            int point,
            String settings,
            Task metric,
            double floatScore,
            double score,
            long n,
            long bytes,
            double outputSqnrDb,
            String data,
            boolean whole,
            Optional<String> calibration,
            Optional<SessionState> state) {}

    public SweepResults {
        results = List.copyOf(results);
    }

    /**
     * Reads them.
     *
     * @param folder that {@code quantscope sweep} has written
     * @param ref the model as the session refers to it
     * @param model it, in the form to be analysed
     * @throws BadInputException if it is no such folder, its plan is gone or has changed, it holds nothing of this model, a
     *     row is damaged, or the data has changed since
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static SweepResults read(Path folder, FileRef ref, Model model, CancelToken cancel) throws IOException {
        Path manifest = folder.resolve(SweepFolder.MANIFEST);
        if (!SweepFolder.isOne(folder)) {
            throw new BadInputException(folder, SweepFolder.MANIFEST, "is not there: no folder of a sweep's results");
        }
        SweepFolder.Manifest said = SweepFolder.Manifest.read(manifest);
        Path file = Path.of(said.text(manifest, "plan"));
        if (!Files.isRegularFile(file)) {
            throw new BadInputException(manifest, "plan", file + " is gone; it says which settings a row has");
        }
        SweepPlan plan = PlanReader.read(file, cancel);
        if (!plan.sha256().equals(said.text(manifest, "plan_sha256"))) {
            throw new BadInputException(manifest, "plan_sha256", file + " has changed since");
        }
        List<SweepPoint> points = Expansion.of(plan);
        Reading reading =
                new Reading(folder.resolve(SweepFolder.ROWS), plan, points, said, manifest, ref, model, cancel);
        return reading.read();
    }

    private record Reading(
            Path rows,
            SweepPlan plan,
            List<SweepPoint> points,
            SweepFolder.Manifest said,
            Path manifest,
            FileRef ref,
            Model model,
            CancelToken cancel) {
        SweepResults read() throws IOException {
            List<String> own = new ArrayList<>();
            for (SweepModel of : plan.models()) {
                if (ref.digest().equals(said.files().get(of.file().toString()))) {
                    own.add(of.name());
                }
            }
            if (own.isEmpty()) {
                throw new BadInputException(
                        manifest,
                        "files",
                        "none of the models of this sweep has the content of "
                                + ref.path().getFileName());
            }
            for (SweepModel of : plan.models()) {
                if (own.contains(of.name())) {
                    checkData(of.data());
                    if (of.calibrationData().isPresent()) {
                        checkData(of.calibrationData().get());
                    }
                }
            }
            List<Result> results = new ArrayList<>();
            int[] refused = {0};
            if (Files.exists(rows)) {
                RowFile.forEach(rows, MAX_ROW, (line, text, end) -> {
                    cancel.check();
                    RowFile.Head head = RowFile.head(rows, line, text);
                    if (head.point() >= points.size()
                            || !points.get(head.point()).key().equals(head.key())) {
                        throw new BadInputException(rows, "line " + line, "is no point of the plan: " + head.key());
                    }
                    SweepPoint point = points.get(head.point());
                    if (!own.contains(point.model().name())) {
                        return;
                    }
                    if (head.refused()) {
                        refused[0]++;
                    } else {
                        results.add(result(point, line, text));
                    }
                });
            }
            int all = (int)
                    points.stream().filter(p -> own.contains(p.model().name())).count();
            results.sort(Comparator.comparingDouble((Result r) -> r.metric().higherIsBetter() ? -r.score() : r.score())
                    .thenComparingLong(Result::bytes)
                    .thenComparingInt(Result::point));
            return new SweepResults(results, refused[0], all - refused[0] - results.size(), points.size() - all);
        }

        private void checkData(Path data) throws IOException {
            String then = said.files().get(data.toString());
            if (!Files.exists(data)) {
                throw new BadInputException(data, "file", "is gone; the sweep was evaluated on it");
            }
            if (!FileRef.ofData(data, cancel).digest().equals(then)) {
                throw new BadInputException(data, "content", "has changed since the sweep was evaluated on it");
            }
        }

        private Result result(SweepPoint point, int line, byte[] text) {
            JsonNode row;
            try {
                row = RowText.tree(text);
            } catch (JacksonException e) {
                throw new BadInputException(rows, "line " + line, "is no row of a sweep", e);
            }
            SweepModel of = point.model();
            String metric = row.path("metric").asString("");
            Task task = Task.byId(metric)
                    .orElseThrow(() -> new BadInputException(
                            rows, "line " + line, "metric: is not known here, got \"" + metric + '"'));
            JsonNode quantized = row.path("quantized");
            String score = quantized.has("accuracy") ? "accuracy" : "mean";
            long n = whole(quantized.path("total"), line, "quantized.total");
            JsonNode scored = quantized.path("scored");
            boolean divided = plan.shards() > 1;
            boolean plain = point.settings().corrections().isEmpty() && !divided;
            return new Result(
                    point.number(),
                    point.settings().key(plan.shards()),
                    task,
                    number(row.path("float32").path(score), line, "float32." + score),
                    number(quantized.path(score), line, "quantized." + score),
                    scored.isMissingNode() ? n : whole(scored, line, "quantized.scored"),
                    whole(row.path("size_bytes").path("quantized"), line, "size_bytes.quantized"),
                    row.path("logit_sqnr_db").isNumber()
                            ? row.path("logit_sqnr_db").doubleValue()
                            : Double.NaN,
                    String.valueOf(said.files().get(of.data().toString())),
                    of.limit().isEmpty() && !divided,
                    of.calibrationData().map(d -> String.valueOf(said.files().get(d.toString()))),
                    plain
                            ? Optional.of(PointStates.of(
                                    point, ref, model, of.calibrationData().isPresent()))
                            : Optional.empty());
        }

        private double number(JsonNode node, int line, String field) {
            if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
                throw new BadInputException(rows, "line " + line, field + ": a number is needed, got " + node);
            }
            return node.doubleValue();
        }

        private long whole(JsonNode node, int line, String field) {
            if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
                throw new BadInputException(rows, "line " + line, field + ": a whole number is needed, got " + node);
            }
            return node.longValue();
        }
    }
}
