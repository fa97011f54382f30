package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.session.Questions.Resume;
import org.quantscope.app.session.Questions.Unsaved;
import org.quantscope.app.session.UnsavedWork;
import org.quantscope.app.session.UnsavedWork.Left;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;

/**
 * What happens to work that was not saved. A window that is closed without a question stands for one that was killed:
 * the system has released its lock, and its copy is where it was.
 */
class UnsavedWorkTest {
    @TempDir
    Path folder;

    private Path config;
    private Path model;
    private final List<HeldContext> all = new ArrayList<>();
    private HeldContext first;

    @BeforeEach
    void start() throws IOException {
        config = folder.resolve("config");
        model = Files.copy(SampleFiles.DIGITS, folder.resolve("m.onnx"));
        first = window();
    }

    @AfterEach
    void end() {
        all.forEach(HeldContext::close);
    }

    private HeldContext window() {
        HeldContext made = new HeldContext(config);
        made.answers.unsaved = Unsaved.STAY;
        all.add(made);
        return made;
    }

    /** The copies of all windows on a home. */
    static List<Path> copies(Path config) throws IOException {
        Path runs = config.resolve("unsaved");
        if (!Files.isDirectory(runs)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(runs)) {
            return files.filter(f -> f.endsWith("autosave.quantscope.json"))
                    .sorted()
                    .toList();
        }
    }

    private SessionState edit(HeldContext window, int bits) {
        window.context.session().openModel(model);
        window.context.quantizer().setBits(bits);
        return window.state();
    }

    private static void restore(HeldContext window) {
        window.context.session().restore(() -> fail("there is work to restore"));
    }

    private static boolean findsNothing(HeldContext window) {
        AtomicBoolean nothing = new AtomicBoolean();
        window.context.session().restore(() -> nothing.set(true));
        return nothing.get() && window.answers.offered.isEmpty();
    }

    @Test
    void workOfAKilledWindowIsRestoredAndNeverWithoutACopy() throws IOException {
        SessionState lost = edit(first, 5);
        first.close();
        Path copy = copies(config).getFirst();

        HeldContext next = window();
        next.answers.resume = Resume.Restore::new;
        next.held = true;
        next.context.session().restore(() -> fail("there is work to restore"));
        for (Runnable task = next.waiting.poll(); task != null; task = next.waiting.poll()) {
            task.run();
            assertThat(copies(config)).isNotEmpty();
        }
        next.held = false;
        assertThat(next.state()).isEqualTo(lost);
        assertThat(next.context.bench().dirtyProperty().get()).isTrue();
        assertThat(copies(config)).singleElement().isNotEqualTo(copy);
        next.close();

        HeldContext third = window();
        third.answers.resume = Resume.Restore::new;
        restore(third);
        assertThat(third.state()).isEqualTo(lost);
        UnsavedWork offered = third.answers.offered.getFirst().getFirst();
        assertThat(offered.model()).isEqualTo(model);
        assertThat(offered.left()).isEqualTo(new Left.Ended());
    }

    /** Work on a session file that was never saved, and the file. */
    private Path lostWorkOnASession() {
        edit(first, 5);
        Path session = folder.resolve("mine.quantscope.json");
        first.answers.save = Optional.of(session);
        first.context.session().save();
        first.context.quantizer().setBits(3);
        first.close();
        return session;
    }

    @Test
    void restoredWorkIsSavedToTheSessionFileThatItCameFrom() throws IOException {
        Path session = lostWorkOnASession();
        HeldContext next = window();
        next.answers.resume = Resume.Restore::new;
        restore(next);

        assertThat(next.answers.offered.getFirst().getFirst().session()).contains(session);
        assertThat(next.context.bench().dirtyProperty().get()).isTrue();
        assertThat(next.notices.done).contains("Unsaved work is back; Save writes it to " + session);
        next.answers.save = Optional.of(folder.resolve("asked.quantscope.json"));
        SessionState restored = next.state();
        next.context.session().save();

        assertThat(folder.resolve("asked.quantscope.json")).doesNotExist();
        assertThat(SessionFile.read(session).state()).isEqualTo(restored);
        assertThat(next.context.bench().dirtyProperty().get()).isFalse();
        assertThat(copies(config)).isEmpty();
    }

    @Test
    void aSessionFileThatWasSavedAgainSinceIsNotWrittenToByRestoredWork() throws IOException {
        Path session = lostWorkOnASession();
        byte[] saved = Files.readAllBytes(session);
        Files.setLastModifiedTime(session, FileTime.from(Instant.now().plusSeconds(60)));
        HeldContext second = window();
        second.answers.resume = Resume.Restore::new;
        restore(second);

        assertThat(second.problems)
                .contains("mine.quantscope.json was saved again after this copy: Save asks where to write");
        second.answers.save = Optional.empty();
        second.context.session().save();
        assertThat(Files.readAllBytes(session)).isEqualTo(saved);

        // What was taken up without a session file is not led back to one by a second loss.
        second.close();
        HeldContext third = window();
        third.answers.resume = Resume.Restore::new;
        restore(third);
        assertThat(third.answers.offered.getFirst().getFirst().session()).isEmpty();
    }

    @Test
    void aSessionFileThatIsGoneIsSaid() throws IOException {
        Files.delete(lostWorkOnASession());
        HeldContext next = window();
        next.answers.resume = Resume.Restore::new;
        restore(next);

        assertThat(next.problems).contains("mine.quantscope.json is gone: Save asks where to write");
        assertThat(next.context.bench().sessionFileProperty().get()).isEmpty();
    }

    @Test
    void aStartWithAFileOffersTheWorkAndKeepsItIfItIsNotWantedNow() throws IOException {
        SessionState lost = edit(first, 5);
        first.close();

        HeldContext next = window();
        next.context.session().open(List.of(SampleFiles.DIGITS));
        next.context.session().restore(() -> fail("a file is open"));
        assertThat(next.answers.offered).hasSize(1);
        next.context.quantizer().setBits(3);
        SessionState second = next.state();
        assertThat(copies(config)).hasSize(2);
        next.close();

        HeldContext third = window();
        third.context.session().restore(() -> {});
        assertThat(third.answers.offered.getFirst()).hasSize(2);
        List<SessionState> kept = new ArrayList<>();
        for (Path copy : copies(config)) {
            kept.add(SessionFile.read(copy).state());
        }
        assertThat(kept).containsExactlyInAnyOrder(lost, second);
    }

    @Test
    void anotherWindowNeitherOffersNorTouchesTheWorkOfOneThatIsOpen() throws IOException {
        SessionState mine = edit(first, 5);
        HeldContext other = window();
        assertThat(findsNothing(other)).isTrue();
        edit(other, 3);
        other.context.bench().undo();
        assertThat(copies(config)).hasSize(1);
        assertThat(SessionFile.read(copies(config).getFirst()).state()).isEqualTo(mine);
    }

    @Test
    void onlyOneOfTwoWindowsThatStartTogetherOffersTheWork() {
        edit(first, 5);
        first.close();
        HeldContext next = window();
        HeldContext other = window();
        next.answers.resume = work -> {
            assertThat(findsNothing(other)).isTrue();
            return new Resume.Later();
        };
        next.context.session().restore(() -> {});
        assertThat(next.answers.offered).hasSize(1);
        other.context.session().restore(() -> {});
        assertThat(other.answers.offered).hasSize(1);
    }

    @Test
    void nothingIsOfferedAfterChangesWereUndoneSavedOrDiscardedAtTheEnd() throws IOException {
        edit(first, 5);
        first.context.bench().undo();
        assertThat(copies(config)).isEmpty();
        first.context.quantizer().setBits(4);
        first.answers.save = Optional.of(folder.resolve("a.quantscope.json"));
        first.context.session().save();
        assertThat(copies(config)).isEmpty();
        first.context.quantizer().setBits(3);
        first.answers.unsaved = Unsaved.DISCARD;
        AtomicBoolean left = new AtomicBoolean();
        first.context.session().leave(() -> left.set(true));
        assertThat(left).isTrue();
        first.close();
        assertThat(copies(config)).isEmpty();
        try (Stream<Path> runs = Files.list(config.resolve("unsaved"))) {
            assertThat(runs).isEmpty();
        }
        assertThat(findsNothing(window())).isTrue();
    }

    @Test
    void whileASessionIsBeingSavedTheCopyStays() throws IOException {
        SessionState state = edit(first, 5);
        Path file = folder.resolve("a.quantscope.json");
        first.answers.save = Optional.of(file);
        first.held = true;
        first.context.session().save();
        int steps = 0;
        for (Runnable task = first.waiting.poll(); task != null; task = first.waiting.poll()) {
            assertThat(copies(config).size() == 1 || Files.exists(file)).isTrue();
            task.run();
            steps++;
        }
        assertThat(steps).isPositive();
        first.held = false;
        assertThat(SessionFile.read(file).state()).isEqualTo(state);
        assertThat(copies(config)).isEmpty();
    }

    @Test
    void aDamagedCopyIsKeptUnderANameThatIsSaid() throws IOException {
        edit(first, 5);
        first.close();
        Path copy = copies(config).getFirst();
        String half = Files.readString(copy).substring(0, 100);
        Files.writeString(copy, half);

        HeldContext next = window();
        assertThat(findsNothing(next)).isTrue();
        try (Stream<Path> kept = Files.list(config.resolve("unsaved/kept"))) {
            assertThat(kept).singleElement().satisfies(file -> {
                assertThat(file).hasContent(half);
                assertThat(next.problems)
                        .singleElement()
                        .satisfies(line -> assertThat(line)
                                .contains("damaged", file.toRealPath().toString()));
            });
        }
        HeldContext third = window();
        assertThat(findsNothing(third)).isTrue();
        assertThat(third.problems).isEmpty();
    }

    @Test
    void aCopyOfANewerVersionStaysForIt() throws IOException {
        edit(first, 5);
        first.close();
        Path copy = copies(config).getFirst();
        String newer = Files.readString(copy).replaceFirst("(?<=\"version\"\\s?:\\s?)1", "2");
        Files.writeString(copy, newer);
        for (int i = 0; i < 2; i++) {
            HeldContext next = window();
            assertThat(findsNothing(next)).isTrue();
            assertThat(next.problems)
                    .singleElement()
                    .satisfies(line -> assertThat(line).contains("newer version", copy.toString()));
            assertThat(copy).hasContent(newer);
        }
    }

    @Test
    void discardingDeletesOneCopyAndOffersTheOthers() throws IOException {
        edit(first, 5);
        HeldContext second = window();
        edit(second, 3);
        first.close();
        second.close();

        HeldContext next = window();
        List<UnsavedWork> discarded = new ArrayList<>();
        next.answers.resume = work -> {
            if (!discarded.isEmpty()) {
                return new Resume.Later();
            }
            discarded.add(work);
            return new Resume.Discard(work);
        };
        next.context.session().restore(() -> {});
        assertThat(next.answers.offered).extracting(List::size).containsExactly(2, 1);
        assertThat(copies(config))
                .singleElement()
                .isNotEqualTo(discarded.getFirst().file());
    }

    @Test
    void theCopyStaysIfItsModelIsGoneOrHasChanged() throws IOException {
        SessionState lost = edit(first, 5);
        first.close();
        Path elsewhere = Files.move(model, folder.resolve("moved.onnx"));
        HeldContext next = window();
        next.answers.resume = Resume.Restore::new;
        restore(next);
        assertThat(next.context.bench().modelProperty().get()).isEmpty();
        assertThat(copies(config)).hasSize(1);
        next.close();

        Files.copy(SampleFiles.FOLDER.resolve("fashion_lenet.onnx"), model);
        HeldContext third = window();
        third.answers.resume = Resume.Restore::new;
        restore(third);
        assertThat(third.context.bench().modelProperty().get()).isEmpty();
        assertThat(copies(config)).hasSize(1);
        third.close();

        Files.delete(model);
        HeldContext fourth = window();
        fourth.answers.resume = Resume.Restore::new;
        fourth.answers.found = Optional.of(elsewhere);
        restore(fourth);
        assertThat(fourth.state().overrides()).isEqualTo(lost.overrides());
        assertThat(copies(config)).hasSize(1);
    }

    @Test
    void theCopyStaysIfWhatIsOpenedInsteadCannotBeOpened() throws IOException {
        edit(first, 5);
        first.answers.unsaved = Unsaved.DISCARD;
        Path broken = Files.writeString(folder.resolve("broken.onnx"), "no model");
        first.context.session().openModel(broken);
        assertThat(first.problems).hasSize(1);
        assertThat(copies(config)).hasSize(1);
        first.context.session().openModel(model);
        assertThat(copies(config)).isEmpty();
    }

    @Test
    void aHomeThatCannotBeWrittenIsSaidOnce() throws IOException {
        Files.createDirectories(config);
        Path obstacle = Files.createFile(config.resolve("unsaved"));
        edit(first, 5);
        first.context.quantizer().setBits(4);
        assertThat(first.problems)
                .singleElement()
                .satisfies(line -> assertThat(line).startsWith("No copy of the unsaved work can be kept"));
        Files.delete(obstacle);
        first.context.quantizer().setBits(3);
        assertThat(copies(config)).hasSize(1);
    }

    @Test
    void whatMayBeOpenOnAnotherComputerIsOfferedAndLeftThere() throws IOException {
        SessionState theirs = edit(first, 5);
        first.close();
        Path runs = config.resolve("unsaved");
        Path copy = copies(config).getFirst();
        Path there = Files.move(copy.getParent(), runs.resolve("elsewhere.17.5d"));
        Files.delete(copy.getParent().resolveSibling(copy.getParent().getFileName() + ".lock"));
        Files.createFile(runs.resolve("elsewhere.17.5d.lock"));

        HeldContext next = window();
        next.answers.resume = Resume.Restore::new;
        restore(next);
        assertThat(next.answers.offered.getFirst().getFirst().left()).isEqualTo(new Left.MayRunOn("elsewhere"));
        assertThat(next.state()).isEqualTo(theirs);
        assertThat(there.resolve("autosave.quantscope.json")).exists();
        assertThat(copies(config)).hasSize(2);
    }

    @Test
    void theCopyOfAnEarlierVersionIsTakenOver() throws IOException {
        SessionState theirs = edit(first, 5);
        first.close();
        Path copy = copies(config).getFirst();
        Path old = config.resolve("autosave.quantscope.json");
        SessionFile.write(SessionFile.read(copy), old);
        Files.delete(copy);
        HeldContext next = window();
        next.context.session().restore(() -> {});
        assertThat(old).exists();
        next.answers.resume = Resume.Restore::new;
        restore(next);
        assertThat(next.state()).isEqualTo(theirs);
        assertThat(old).doesNotExist();
        assertThat(copies(config)).hasSize(1);
    }

    @Test
    void whatIsLeftCanBeAskedForAtAnyTime() {
        edit(first, 5);
        first.close();
        HeldContext next = window();
        next.context.session().restore(() -> {});
        next.context.session().showUnsaved();
        assertThat(next.answers.offered).hasSize(2);
        next.answers.resume = Resume.Discard::new;
        next.context.session().showUnsaved();
        next.context.session().showUnsaved();
        assertThat(next.answers.offered).hasSize(3);
        assertThat(next.notices.done)
                .singleElement()
                .satisfies(line -> assertThat(line).contains("unsaved work"));
    }
}
