package org.quantscope.core.lesson;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnLessonsTest {
    private static final String WHOLE = """
        ---
        id: mine
        title: Mine
        minutes: 5
        able: [see]
        ---
        ## One
        ```stage
        synthetic: {distribution: normal, seed: 1, size: 256}
        ```
        """;

    @TempDir
    Path folder;

    private void lesson(String name, byte[] text) throws IOException {
        Files.createDirectory(folder.resolve(name));
        Files.write(folder.resolve(name).resolve("lesson.md"), text);
    }

    @Test
    void wholeAndBrokenLessonsAreFoundByNameAndOthersAreNot() throws IOException {
        lesson(
                "b",
                WHOLE.replace("minutes: 5", "minutes: many")
                        .replace("size: 256", "size: 0")
                        .getBytes(StandardCharsets.UTF_8));
        lesson("a", WHOLE.getBytes(StandardCharsets.UTF_8));
        lesson("c", new byte[] {(byte) 0xff, (byte) 0xfe, 'x'});
        lesson("d", new byte[2 << 20]);
        Files.createDirectory(folder.resolve("no-lesson"));

        List<OwnLessons.Found> found = OwnLessons.in(folder);

        assertThat(found).extracting(OwnLessons.Found::name).containsExactly("a", "b", "c", "d");
        assertThat(found.getFirst().lesson().orElseThrow().title()).isEqualTo("Mine");
        assertThat(found.getFirst().problem()).isEmpty();
        assertThat(found.get(1).lesson()).isEmpty();
        assertThat(found.get(1).problem())
                .startsWith("line 4: a whole number from 1 to 60")
                .endsWith("and 1 more");
        assertThat(found.get(2).problem()).isEqualTo("line 1: is not UTF-8 text");
        assertThat(found.get(3).problem()).contains("a lesson has at most");
    }

    @Test
    void aFolderThatIsNotThereHasNone() {
        assertThat(OwnLessons.in(folder.resolve("none"))).isEmpty();
    }
}
