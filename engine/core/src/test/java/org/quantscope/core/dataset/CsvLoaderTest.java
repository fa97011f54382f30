package org.quantscope.core.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.BadInputException;

class CsvLoaderTest {
    @TempDir
    Path folder;

    /** In the first column, beside one of fractions: classes are 0 to k - 1 without a gap, k at least 2 and each twice on average. */
    @ParameterizedTest
    @CsvSource({
        "0 1 0 1, true",
        "0 1 2 0 1 2, true",
        "2 1 0 2 1 0, true",
        "0 1, true",
        "0 0 0 0, false",
        "1 2 1 2, false",
        "0 2 0 2, false",
        "0 1 2 3, false",
        "0 1 2 0 1, false"
    })
    void aColumnThatNumbersClassesIsTheLabel(String numbers, boolean label) throws IOException {
        StringBuilder table = new StringBuilder();
        for (String number : numbers.split(" ")) {
            table.append(number).append(",0.5\n");
        }
        Dataset data = Datasets.open(table(table.toString()));

        assertThat(data.hasLabels()).isEqualTo(label);
        if (label) {
            assertThat(IntStream.range(0, data.size()).mapToObj(i -> "" + data.label(i)))
                    .containsExactly(numbers.split(" "));
        }
    }

    @Test
    void aLabelBehindTheLastClassIsRefused() throws IOException {
        Files.writeString(folder.resolve("t.dataset.json"), "{\"classes\": [\"cat\", \"dog\"]}");

        assertThat(Datasets.open(table("a,label\n0.5,0\n0.25,1\n")).label(1)).isEqualTo(1);
        assertThatThrownBy(() -> Datasets.open(table("a,label\n0.5,0\n0.25,2\n")))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.csv: column 'label': label 2.0 of sample 1 is no class from 0 to 1");
    }

    /** As many texts as a column of classes may have, and one more. */
    @Test
    void aColumnOfTooManyTextsIsNoLabel() throws IOException {
        StringBuilder table = new StringBuilder("a,kind\n");
        for (int i = 0; i < 100_000; i++) {
            table.append("1,k").append(i).append('\n');
        }
        assertThat(Datasets.open(table(table.toString())).classes()).hasSize(100_000);

        assertThatThrownBy(() -> Datasets.open(table(table + "1,other\n")))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.csv: column 'kind': has more than 100000 different texts, which are no classes");
    }

    private Path table(String text) throws IOException {
        return Files.writeString(folder.resolve("t.csv"), text);
    }
}
