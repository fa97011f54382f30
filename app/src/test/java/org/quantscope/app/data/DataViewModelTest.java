package org.quantscope.app.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.ChosenAnswers;
import org.quantscope.app.RecordedNotices;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.data.DataViewModel.Preset;
import org.quantscope.app.data.DataViewModel.View;
import org.quantscope.app.data.Prepared.Channel;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.Settings;
import org.quantscope.core.dataset.Layout;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.dataset.Resize;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.testkit.ArrayFiles;

/** Data and its preprocessing without a window: everything runs at once, on the thread of the test. */
class DataViewModelTest {
    @TempDir
    Path folder;

    private final RecordedNotices notices = new RecordedNotices();
    private final List<String> problems = notices.problems;
    private final ChosenAnswers answers = new ChosenAnswers();
    private final List<Samples> asked = answers.toPrepare;
    private ApplicationContext context;

    @BeforeEach
    void open() {
        context = ApplicationContext.of(
                Runnable::run, Runnable::run, new Settings(folder.resolve("config")), answers, notices);
        answers.prepare = context.input()::show;
        context.session().openModel(SampleFiles.FOLDER.resolve("fashion_lenet.onnx"));
    }

    @AfterEach
    void close() {
        context.close();
    }

    /** Four samples of 28 × 28: all 0, all 51, all 102, all 255. */
    private Path idx() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(out);
        data.write(new byte[] {0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 28, 0, 0, 0, 28});
        for (int level : new int[] {0, 51, 102, 255}) {
            byte[] values = new byte[784];
            java.util.Arrays.fill(values, (byte) level);
            data.write(values);
        }
        Files.write(folder.resolve("t-labels-idx1-ubyte"), new byte[] {0, 0, 8, 1, 0, 0, 0, 4, 1, 2, 3, 4});
        return Files.write(folder.resolve("t-images-idx3-ubyte"), out.toByteArray());
    }

    private View view() {
        return context.input().viewProperty().get();
    }

    private void type(String scale, String mean, String std) {
        context.input().edit(view().form().withValues(new PreprocessingForm.Values(scale, mean, std, "")));
    }

    @Test
    void whatLiesBesideTheSamplesOfAnArchiveIsTold() throws IOException {
        Path file = Files.write(
                folder.resolve("tokens.npz"),
                ArrayFiles.zip(
                        false,
                        new TreeMap<>(Map.of(
                                "ids.npy", ArrayFiles.npy("<i8", "(2, 3)", ArrayFiles.i8(7, 300, 2, 0, 5, 1)),
                                "mask.npy", ArrayFiles.npy("<i8", "(2, 3)", ArrayFiles.i8(1, 1, 1, 1, 0, 0))))));
        context.input().show(Questions.Role.EVALUATION);
        context.input().load(file);

        assertThat(view().facts()).isEqualTo("2 samples, 3 i64, no labels; beside them mask");
        assertThat(view().prepared().picture()).isEmpty();
    }

    @Test
    void bytesOfTheModelsSizeAreProposedFromZeroToOne() throws IOException {
        context.input().show(Questions.Role.EVALUATION);
        context.input().load(idx());
        context.input().look(1);

        assertThat(view().entered().guessed()).isTrue();
        assertThat(view().form().values().scale()).isEqualTo("1/255");
        assertThat(view().gets()).isEqualTo("28×28");
        assertThat(view().wants()).isEqualTo("1×28×28");
        assertThat(view().facts()).isEqualTo("4 samples, 28×28 u8, labels without names");
        assertThat(view().prepared().channels()).containsExactly(new Channel(0.2f, 0.2f, 0.2f));
        assertThat(view().prepared().thumbnails())
                .extracting(Prepared.Thumbnail::label)
                .containsExactly("1", "2", "3", "4");
        assertThat(view().prepared().picture().orElseThrow().argb()[0]).isEqualTo(0xff333333);
        assertThat(view().mayApply()).isTrue();
    }

    @Test
    void whatIsUsedIsOneStepThatIsSavedAndOpensAgain() throws IOException {
        context.input().show(Questions.Role.EVALUATION);
        context.input().load(idx());
        type("1/255", "0.286", "0.353");
        assertThat(view().entered().guessed()).isFalse();
        assertThat(context.bench().canUndoProperty().get()).isFalse();

        assertThat(context.input().apply()).isTrue();

        SessionState state = context.bench().stateProperty().get().orElseThrow();
        assertThat(state.evaluationData()
                        .orElseThrow()
                        .preprocessing()
                        .orElseThrow()
                        .mean())
                .containsExactly(0.286);
        assertThat(context.accuracy().viewProperty().get().status()).isEqualTo(Status.DONE);
        Path saved = folder.resolve("s.quantscope.json");
        SessionFile.write(Session.of(state), saved);
        context.bench().undo();
        assertThat(context.bench().evaluationData()).isEmpty();
        context.session().openSession(saved);
        assertThat(context.bench().stateProperty().get().orElseThrow().evaluationData())
                .isEqualTo(state.evaluationData());
        float[] out = new float[784];
        context.bench().evaluationData().orElseThrow().fill(new int[] {3}, out);
        assertThat(out[0]).isEqualTo((float) ((1 - 0.286) / 0.353));
        context.input().show(Questions.Role.EVALUATION);
        assertThat(view().form().values().mean()).isEqualTo("0.286");
        assertThat(problems).isEmpty();
    }

    @Test
    void anotherPreprocessingIsAnotherStepAndUndoBringsTheFirstBack() throws IOException {
        context.input().show(Questions.Role.CALIBRATION);
        context.input().load(idx());
        context.input().apply();
        FileRef first = context.bench()
                .stateProperty()
                .get()
                .orElseThrow()
                .calibrationData()
                .orElseThrow();
        context.input().preset(Preset.SIGNED);
        assertThat(view().form().values().scale() + " " + view().form().values().mean() + " "
                        + view().form().values().std())
                .isEqualTo("1/255 0.5 0.5");

        context.input().apply();

        assertThat(context.bench()
                        .stateProperty()
                        .get()
                        .orElseThrow()
                        .calibrationData()
                        .orElseThrow()
                        .digest())
                .isNotEqualTo(first.digest());
        context.bench().undo();
        assertThat(context.bench().stateProperty().get().orElseThrow().calibrationData())
                .hasValue(first);
        float[] out = new float[784];
        context.bench().calibrationData().orElseThrow().fill(new int[] {0}, out);
        assertThat(out[0]).isZero();
    }

    @Test
    void whatIsWrongIsSaidBesideItsFieldAndIsNotTaken() throws IOException {
        context.input().show(Questions.Role.EVALUATION);
        context.input().load(idx());

        type("abc", "1, x", "0");
        assertThat(view().entered().problems())
                .containsEntry("scale", "'abc' is no number")
                .containsEntry("mean", "'x' is no number")
                .containsEntry("std", "is 0: values cannot be divided by it");
        assertThat(view().mayApply()).isFalse();
        assertThat(context.input().apply()).isFalse();
        type("1", "1, 2", "1");
        assertThat(view().entered().problems()).isEmpty();
        assertThat(view().prepared().problem().orElseThrow()).contains("mean: has 2 values");
        assertThat(view().mayApply()).isFalse();
        PreprocessingForm f = view().form();
        context.input()
                .edit(f.withSize(new PreprocessingForm.Size(
                                true, "32", "9999", f.size().method(), true, Resize.Aspect.CROP, "8"))
                        .withValues(new PreprocessingForm.Values("1", "0", "1", "")));
        assertThat(view().entered().problems()).containsEntry("height", "is a whole number from 1 to 4096");
        context.input()
                .edit(f.withSize(new PreprocessingForm.Size(
                                true, "32", "32", f.size().method(), true, Resize.Aspect.CROP, ""))
                        .withValues(new PreprocessingForm.Values("1", "0", "1", "")));
        assertThat(view().prepared().problem()).hasValue("The model gets 1×32×32 and wants 1×28×28.");
        context.input().adoptProposal();
        assertThat(view().mayApply()).isTrue();
    }

    @Test
    void storedShapeAndLayoutAndTheModelsClassesAreTyped() throws IOException {
        Path table = folder.resolve("d.csv");
        Files.writeString(
                table,
                "label," + "p,".repeat(783) + "p\n" + "shoe" + ",255".repeat(784) + "\n" + "bag" + ",0".repeat(784)
                        + "\n");
        context.input().show(Questions.Role.EVALUATION);
        context.input().load(table);
        stored("1, 28, 28", Optional.of(Layout.NCHW), "shoe\nhat\n bag \n");
        assertThat(view().gets()).isEqualTo("1×28×28");
        assertThat(context.input().apply()).isTrue();
        Preprocessing how = context.bench()
                .stateProperty()
                .get()
                .orElseThrow()
                .evaluationData()
                .orElseThrow()
                .preprocessing()
                .orElseThrow();
        assertThat(how.shape()).hasValue(Shape.of(1, 28, 28));
        assertThat(how.layout()).hasValue(Layout.NCHW);
        assertThat(how.modelClasses()).containsExactly("shoe", "hat", "bag");
        assertThat(context.bench().evaluationData().orElseThrow().label(0)).isZero();
        assertThat(context.bench().evaluationData().orElseThrow().label(1)).isEqualTo(2);

        stored("1×x", Optional.empty(), "");
        assertThat(view().entered().problems()).containsEntry("shape", "'1×x' is no shape such as 1×28×28");
        stored("1×29", Optional.empty(), "");
        assertThat(view().prepared().problem()).isPresent();
        assertThat(view().mayApply()).isFalse();
        stored("", Optional.empty(), "hat");
        assertThat(view().prepared().problem().orElseThrow()).contains("'bag' is a class of the data");
    }

    private void stored(String shape, Optional<Layout> layout, String classes) {
        PreprocessingForm f = view().form();
        context.input()
                .edit(f.withSample(new PreprocessingForm.Sample(
                                shape, layout, f.sample().layout(), f.sample().colour()))
                        .withLabels(new PreprocessingForm.Labels(
                                classes,
                                f.labels().column(),
                                f.labels().first(),
                                f.labels().ignored())));
    }

    @Test
    void labelsAreTakenFromTheColumnThatIsTypedAndFromItAgainWhenTheSessionOpens() throws IOException {
        Path table = folder.resolve("t.csv");
        Files.writeString(
                table,
                "label," + "p,".repeat(784) + "right\n" + "0" + ",255".repeat(784) + ",3\n" + "1" + ",0".repeat(784)
                        + ",4\n");
        context.input().show(Questions.Role.EVALUATION);
        context.input().load(table);
        assertThat(view().samples().orElseThrow().labelColumn()).hasValue("label");
        assertThat(view().gets()).isEqualTo("785");
        assertThat(view().mayApply()).isFalse();

        label("wrong");
        assertThat(view().entered().problems().get("label")).startsWith("'wrong' is neither first, last nor none");
        assertThat(view().mayApply()).isFalse();
        label("last");
        assertThat(view().entered().problems()).isEmpty();
        assertThat(view().samples().orElseThrow().label(1)).isEqualTo(4);
        label("none");
        assertThat(view().facts()).contains("786").contains("no labels");
        label("right");
        assertThat(view().samples().orElseThrow().label(0)).isEqualTo(3);

        Path small = folder.resolve("s.csv");
        Files.writeString(
                small,
                "label," + "p,".repeat(783) + "q\n" + "0" + ",2".repeat(784) + "\n" + "1" + ",1".repeat(783) + ",7\n");
        context.input().load(small);
        label("q");
        context.input().adoptProposal();
        assertThat(view().form().labels().column()).isEqualTo("q");
        assertThat(view().mayApply()).isTrue();
        context.input().apply();
        SessionState state = context.bench().stateProperty().get().orElseThrow();
        assertThat(state.evaluationData()
                        .orElseThrow()
                        .preprocessing()
                        .orElseThrow()
                        .labelColumn())
                .hasValue("q");
        Path saved = folder.resolve("s.quantscope.json");
        SessionFile.write(Session.of(state), saved);
        context.bench().undo();
        context.session().openSession(saved);
        assertThat(context.bench().stateProperty().get().orElseThrow().evaluationData())
                .isEqualTo(state.evaluationData());
        assertThat(context.bench().evaluationData().orElseThrow().label(1)).isEqualTo(7);
    }

    private void label(String column) {
        PreprocessingForm f = view().form();
        context.input()
                .edit(f.withLabels(new PreprocessingForm.Labels(
                        f.labels().classes(),
                        column,
                        f.labels().first(),
                        f.labels().ignored())));
    }

    @Test
    void aFileThatCannotBeReadLeavesWhatWasThere() throws IOException {
        context.input().show(Questions.Role.EVALUATION);
        context.input().load(idx());
        context.input().load(Files.writeString(folder.resolve("t.png"), "x"));

        assertThat(view().source().unreadable().orElseThrow()).startsWith("t.png: format: ");
        assertThat(view().samples()).isPresent();
    }

    @Test
    void droppedDataThatDoesNotFitIsAskedAboutAndWhatFitsIsNot() throws IOException {
        Path table = folder.resolve("d.csv");
        Files.writeString(table, "label," + "p,".repeat(783) + "p\n" + "1" + ",255".repeat(784) + "\n");

        context.session().open(List.of(idx()));
        assertThat(asked).isEmpty();
        assertThat(context.bench().evaluationData()).isPresent();
        context.session().open(List.of(table));

        assertThat(asked).hasSize(1);
        assertThat(view().gets()).isEqualTo("1×28×28");
        assertThat(view().mayApply()).isTrue();
        assertThat(context.input().apply()).isTrue();
        float[] out = new float[784];
        context.bench().evaluationData().orElseThrow().fill(new int[] {0}, out);
        assertThat(out).containsOnly(1);
    }
}
