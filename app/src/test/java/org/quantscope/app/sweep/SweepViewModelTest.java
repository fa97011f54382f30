package org.quantscope.app.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.TriedViewModel.Tried;
import org.quantscope.app.session.Settings;
import org.quantscope.app.sweep.SweepViewModel.Line;
import org.quantscope.app.sweep.SweepViewModel.Nothing;
import org.quantscope.app.sweep.SweepViewModel.Ranking;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sweep.SweepFolder;
import org.quantscope.core.sweep.SweepResults.Result;
import org.quantscope.core.sweep.SweepRun;

/** A sweep of a sample, opened in the window: the ranking, the points of the strip, and going to a line of it. */
class SweepViewModelTest {
    @TempDir
    Path folder;

    private ApplicationContext context;

    @BeforeEach
    void open() {
        context = ApplicationContext.of(
                Runnable::run,
                Runnable::run,
                new Settings(folder.resolve("settings")),
                new ChosenAnswers(),
                new RecordedNotices());
        context.session().open(List.of(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST));
    }

    @AfterEach
    void close() {
        context.close();
    }

    /** Three widths and two granularities on the open data, and one of them on a part of it; nvfp4 has 4 bits only. */
    private Path swept() throws IOException {
        Path plan = Files.writeString(
                folder.resolve("plan.json"), """
                    {"format": "quantscope-sweep", "version": 1,
                     "models": [{"file": "%1$s", "data": "%2$s"},
                                {"name": "part", "file": "%1$s", "data": "%2$s", "limit": 50}],
                     "axes": {"weights": [2, 4, 8], "granularity": ["tensor", "channel"], "scheme": ["uniform"]}}
                    """.formatted(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST));
        Path out = folder.resolve("out");
        SweepRun.run(plan, out, SweepRun.here(1, new CancelToken()), Progress.NONE, new CancelToken());
        return out;
    }

    private Ranking ranking() {
        return (Ranking) context.sweep().viewProperty().get();
    }

    @Test
    void theRankingIsBestFirstAndALineShowsItsFigureAgainWhenOneGoesToIt() throws IOException {
        context.sweep().open(swept());

        List<Line> lines = ranking().lines();
        assertThat(lines).hasSize(12);
        assertThat(lines).extracting(l -> -l.result().score()).isSortedAccordingTo(Comparator.naturalOrder());
        Line fourBits = lines.stream()
                .filter(l -> l.result().whole()
                        && l.result().settings().contains("weights=4")
                        && l.result().settings().contains("granularity=channel"))
                .findFirst()
                .orElseThrow();
        context.sweep().adopt(fourBits);

        assertThat(context.bench().weights().stream()
                        .map(w -> context.bench().spec(w).orElseThrow())
                        .map(QuantSpec::bits))
                .containsOnly(4);
        var now = context.accuracy().viewProperty().get().quantized().orElseThrow();
        assertThat(now.isComplete()).isTrue();
        assertThat(now.score()).isEqualTo(fourBits.result().score());
        assertThat((long) now.total()).isEqualTo(fourBits.result().n());
        assertThat(context.accuracy().viewProperty().get().size().orElseThrow().quantizedBytes())
                .isEqualTo(fourBits.result().bytes());
        context.bench().undo();
        assertThat(context.bench().weights().stream()
                        .map(w -> context.bench().spec(w).orElseThrow())
                        .map(QuantSpec::bits))
                .containsOnly(8);
    }

    @Test
    void whatNoSmallerOneBeatsOnTheOpenDataStandsInTheStripAndTheRestIsCounted() throws IOException {
        context.sweep().open(swept());

        List<Result> here = ranking().lines().stream()
                .map(Line::result)
                .filter(Result::whole)
                .toList();
        List<Result> front = here.stream()
                .filter(r -> here.stream()
                        .noneMatch(o -> o.bytes() <= r.bytes() && o.score() > r.score()
                                || o.bytes() < r.bytes() && o.score() >= r.score()))
                .toList();
        assertThat(ranking().points()).isEqualTo(front.size());
        List<Tried> points = context.tried().viewProperty().get().points();
        assertThat(front)
                .allSatisfy(r -> assertThat(points)
                        .anyMatch(p -> p.bytes() == r.bytes() && p.score() == r.score() && p.samples() == r.n()));
        assertThat(ranking().note()).contains("6 are of other data than the open one, of a part of it");
    }

    @Test
    void whatIsNoSweepOfThisModelIsRefusedByName() throws IOException {
        context.sweep().open(folder);
        assertThat(why()).contains(SweepFolder.MANIFEST).contains("no folder of a sweep's results");
        Path out = swept();
        Path rows = out.resolve(SweepFolder.ROWS);
        String good = Files.readString(rows);
        Files.writeString(rows, good.replaceFirst("\"accuracy\":[0-9.]+", "\"accuracy\":\"all\""));
        context.sweep().open(out);
        assertThat(why()).contains("line 1").contains("a number is needed, got \"all\"");
        Files.writeString(rows, good.replaceFirst("weights=2", "weights=3"));
        context.sweep().open(out);
        assertThat(why()).contains("line 1: is no point of the plan");
        Files.writeString(rows, good);
        Files.writeString(folder.resolve("plan.json"), " ", StandardOpenOption.APPEND);
        context.sweep().open(out);
        assertThat(why()).contains("plan_sha256").contains("has changed since");
        context.session().open(List.of(SampleFiles.FOLDER.resolve("fashion_lenet.onnx")));
        context.sweep().open(out);
        assertThat(context.sweep().viewProperty().get()).isInstanceOf(Nothing.class);
    }

    private String why() {
        return ((Nothing) context.sweep().viewProperty().get()).why();
    }
}
