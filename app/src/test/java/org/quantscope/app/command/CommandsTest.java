package org.quantscope.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A few characters find what was meant, and what is not possible is not done. */
class CommandsTest {
    @ParameterizedTest
    @CsvSource({
        "compare snapshots…, Compare snapshots…, 0",
        "comp, Compare snapshots…, 1",
        "snap, Compare snapshots…, 2",
        "cs, Compare snapshots…, 3",
        "napsh, Compare snapshots…, 4",
        "cshots, Compare snapshots…, 16",
        "sc, Compare snapshots…, -1",
        "w1, layer.w1, 2",
        "'', Anything, 1",
        "x, Anything, -1",
    })
    void prefixAndInitialsComeBeforeScatteredCharacters(String typed, String title, int rank) {
        assertThat(Fuzzy.rank(typed, title)).isEqualTo(rank);
    }

    private static Command named(String title) {
        return Command.of(title, title, "term", () -> {});
    }

    @Test
    void theBestComesFirstAndOfEqualOnesTheFirst() {
        List<Command> all = List.of(
                named("a crazy swan"), named("Take snapshot"), named("scale"), named("Code scale"), named("cs"));
        assertThat(Commands.search("CS", all))
                .extracting(Command::title)
                .containsExactly("cs", "Code scale", "a crazy swan");
        assertThat(Commands.search("", all)).isEqualTo(all);
    }

    @Test
    void idsAndKeysAreThereOnce() {
        Commands commands = new Commands();
        Command one = commands.add(new Command("a", "A", Command.ACTION, "Shortcut+A", () -> "", () -> {}));
        assertThat(commands.get("a")).isEqualTo(one);
        assertThatThrownBy(() -> commands.add(named("a"))).hasMessageContaining("a is there twice");
        assertThatThrownBy(() -> commands.add(new Command("b", "B", Command.ACTION, "Shortcut+A", () -> "", () -> {})))
                .hasMessageContaining("keys: Shortcut+A are those of a and b");
        assertThatThrownBy(() -> commands.get("c")).hasMessageContaining("no action c");
        commands.addChanging(() -> List.of(named("later")));
        assertThat(commands.all()).extracting(Command::id).containsExactly("a", "later");
        assertThat(one.shownKeys()).isEqualTo("Ctrl+A");
    }

    @Test
    void whatIsNotPossibleIsNotDone() {
        AtomicInteger done = new AtomicInteger();
        new Command("a", "A", Command.ACTION, "", () -> "No.", done::incrementAndGet).run();
        assertThat(done).hasValue(0);
        new Command("a", "A", Command.ACTION, "", () -> "", done::incrementAndGet).run();
        assertThat(done).hasValue(1);
    }
}
