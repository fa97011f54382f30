package org.quantscope.core.sensitivity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.BadInputException;

class SensitivityStoreTest {
    private static final SensitivityScope SCOPE = new SensitivityScope("0a".repeat(32));
    private static final SensitivityScope OTHER = new SensitivityScope("0b".repeat(32));
    private static final String FIRST = "11".repeat(32);
    private static final String SECOND = "22".repeat(32);

    @TempDir
    Path folder;

    private Instant now = Instant.now();

    private SensitivityStore store() {
        return new SensitivityStore(folder.resolve("made/when/needed"), () -> now);
    }

    private Path file(SensitivityScope scope) {
        return folder.resolve("made/when/needed").resolve(scope.sha256() + ".sensitivity");
    }

    private static AccuracyEstimate figure(int seen) {
        return new AccuracyEstimate(
                new Task.TopK(5),
                0.25,
                0.5,
                seen,
                1000,
                OptionalInt.of(17),
                new PairedInterval(-0.3, -0.2),
                12.5,
                OptionalDouble.of(0.125));
    }

    private void save(SensitivityScope scope, String setting, AccuracyEstimate figure) {
        SensitivityCache cache = store().open(scope);
        cache.keep(setting, figure);
        cache.save();
    }

    @Test
    void everyFieldOfAFigureIsThereAfterARestart() {
        AccuracyEstimate mean = new AccuracyEstimate(
                new Task.Regression(Task.Loss.ABSOLUTE),
                Double.NaN,
                3,
                10,
                10,
                OptionalInt.empty(),
                new PairedInterval(0, 0),
                Double.POSITIVE_INFINITY,
                OptionalDouble.empty());
        save(SCOPE, FIRST, figure(100));
        save(SCOPE, SECOND, mean);

        SensitivityCache again = store().open(SCOPE);
        assertThat(again.size()).isEqualTo(2);
        assertThat(again.find(FIRST)).contains(figure(100));
        assertThat(again.find(SECOND)).contains(mean);
        assertThat(store().open(OTHER).size()).isZero();
    }

    @Test
    void everyTaskIsReadAgain() {
        for (Task task : Task.all()) {
            AccuracyEstimate e = new AccuracyEstimate(
                    task, 1, 1, 1, 1, OptionalInt.empty(), new PairedInterval(0, 0), 1, OptionalDouble.empty());
            save(SCOPE, FIRST, e);
            assertThat(store().open(SCOPE).find(FIRST)).contains(e);
            assertThat(file(SCOPE).toFile().delete()).isTrue();
        }
    }

    @Test
    void aDamagedFileCountsAsNoneAndIsReplaced() throws IOException {
        save(SCOPE, FIRST, figure(100));
        byte[] whole = Files.readAllBytes(file(SCOPE));
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 4;
            Files.write(file(SCOPE), damaged);
            assertThatThrownBy(() -> SensitivityFile.read(file(SCOPE), SCOPE))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageStartingWith(SCOPE.sha256());
            Files.write(file(SCOPE), Arrays.copyOf(whole, i));
            assertThatThrownBy(() -> SensitivityFile.read(file(SCOPE), SCOPE)).isInstanceOf(BadInputException.class);
        }

        assertThat(store().open(SCOPE).size()).isZero();
        save(SCOPE, SECOND, figure(200));
        assertThat(store().open(SCOPE).find(SECOND)).contains(figure(200));
    }

    @Test
    void aFileOfAnotherScopeCountsAsNone() throws IOException {
        save(SCOPE, FIRST, figure(100));
        Files.copy(file(SCOPE), file(OTHER));

        assertThatThrownBy(() -> SensitivityFile.read(file(OTHER), OTHER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("scope")
                .hasMessageContaining(SCOPE.sha256());
        assertThat(store().open(OTHER).size()).isZero();
    }

    @Test
    void ofTwoProgramsEachKeepsWhatTheOtherHasWritten() {
        SensitivityCache one = store().open(SCOPE);
        SensitivityCache two = store().open(SCOPE);
        one.keep(FIRST, figure(500));
        one.save();
        two.keep(FIRST, figure(100));
        two.keep(SECOND, figure(100));
        two.save();

        assertThat(store().open(SCOPE).find(FIRST)).contains(figure(500));
        assertThat(store().open(SCOPE).find(SECOND)).contains(figure(100));
    }

    @Test
    void aLongSweepIsWrittenOnTheWay() {
        SensitivityCache cache = store().open(SCOPE);
        cache.keep(FIRST, figure(100));
        assertThat(file(SCOPE)).doesNotExist();

        now = now.plus(SensitivityStore.PERIOD).plusMillis(1);
        cache.keep(SECOND, figure(100));
        assertThat(store().open(SCOPE).size()).isEqualTo(2);

        FileTime written = FileTime.fromMillis(1_000);
        assertThat(file(SCOPE).toFile().setLastModified(written.toMillis())).isTrue();
        cache.save();
        assertThat(file(SCOPE).toFile().lastModified()).isEqualTo(written.toMillis());
    }

    @Test
    void whatIsOldOrOneTooManyGoes() throws IOException {
        save(OTHER, FIRST, figure(100));
        Files.setLastModifiedTime(
                file(OTHER), FileTime.from(now.minus(SensitivityStore.OLDEST).minus(Duration.ofMinutes(1))));
        Path foreign = Files.writeString(file(OTHER).resolveSibling("notes.txt"), "not ours");
        Files.setLastModifiedTime(foreign, FileTime.fromMillis(0));
        for (int i = 0; i < SensitivityStore.MOST_FILES; i++) {
            Path one = Files.writeString(file(new SensitivityScope(String.format(Locale.ROOT, "%064x", i))), "");
            Files.setLastModifiedTime(one, FileTime.from(now.minusSeconds(1000 - i)));
        }

        save(SCOPE, FIRST, figure(100));

        assertThat(file(OTHER)).doesNotExist();
        assertThat(file(new SensitivityScope(String.format(Locale.ROOT, "%064x", 0))))
                .doesNotExist();
        assertThat(file(new SensitivityScope(String.format(Locale.ROOT, "%064x", 1))))
                .exists();
        assertThat(foreign).exists();
        assertThat(file(SCOPE)).exists();
    }

    @Test
    void theOldestFiguresGiveWay() throws IOException {
        SensitivityCache cache = store().open(SCOPE);
        for (int i = 0; i <= SensitivityCache.KEPT; i++) {
            cache.keep(String.format(Locale.ROOT, "%064x", i), figure(1));
        }
        cache.save();

        assertThat(SensitivityFile.read(file(SCOPE), SCOPE))
                .hasSize(SensitivityCache.KEPT)
                .doesNotContainKey(String.format(Locale.ROOT, "%064x", 0))
                .containsKey(String.format(Locale.ROOT, "%064x", SensitivityCache.KEPT));
    }

    @Test
    void aFolderThatCannotBeWrittenCostsOnlyTheMemory() throws IOException {
        Files.writeString(folder.resolve("made"), "a file where a folder should be");
        SensitivityCache cache = store().open(SCOPE);
        cache.keep(FIRST, figure(100));
        cache.save();

        assertThat(cache.find(FIRST)).contains(figure(100));
        assertThat(folder.resolve("made")).isRegularFile();
    }
}
