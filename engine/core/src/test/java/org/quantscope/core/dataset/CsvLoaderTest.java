package org.quantscope.core.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.Shape;

class CsvLoaderTest {
    @TempDir
    Path folder;

    private Path table(String text) throws IOException {
        return Files.writeString(folder.resolve("t.csv"), text);
    }

    private void assertRefused(String text, String message) throws IOException {
        Path file = table(text);
        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessage(message);
    }

    private static float[] all(Dataset data) {
        float[] out = new float[(int) (data.size() * data.sampleShape().count())];
        data.fill(IntStream.range(0, data.size()).toArray(), out);
        return out;
    }

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
        for (String number : numbers.split(" ", -1)) {
            table.append(number).append(",0.5\n");
        }
        Dataset data = Datasets.open(table(table.toString()));

        assertThat(data.hasLabels()).isEqualTo(label);
        if (label) {
            assertThat(IntStream.range(0, data.size()).mapToObj(i -> "" + data.label(i)))
                    .containsExactly(numbers.split(" "));
        }
    }

    /** As spreadsheets of other countries and tools write it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "1,5;2,5;0\n-3,25;4;1\n",
                "sep=;\n1,5;2,5;0\n-3,25;4;1\n",
                "sep=|\r\n1.5|2.5|0\r\n-3.25|4|1\r\n",
                "# made by hand; in a hurry, too\n1.5,2.5,0\n# more\n-3.25,4,1\n",
                "1,5\t2,5\t0\n-3,25\t4\t1\n",
                "\"1,5\",\"2,5\",0\n\"-3,25\",4,1\n"
            })
    void decimalCommasNamedDelimitersAndCommentsAreRead(String text) throws IOException {
        Dataset data = Datasets.open(table(text));

        assertThat(all(data)).containsExactly(1.5f, 2.5f, -3.25f, 4);
        assertThat(new int[] {data.label(0), data.label(1)}).containsExactly(0, 1);
    }

    @ParameterizedTest
    @CsvSource(
            value = {"sep=\\n~\\n", "sep=\\n1,2~\\n", "sep=#\\n1#2~#", "sep=\"\\n1\"2~\"", "sep=1\\n112~1"},
            delimiter = '~',
            quoteCharacter = '`')
    void aDelimiterThatStandsForSomethingElseIsRefused(String text, String shown) throws IOException {
        assertRefused(text.replace("\\n", "\n"), "t.csv: sep: '" + shown + "' cannot part two numbers");
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16LE", "UTF-16BE"})
    void sixteenBitTextIsReadByItsMark(String charset) throws IOException {
        Path file = Files.write(
                folder.resolve("t.csv"), "\ufeffa;b;label\n1,5;2,5;ä\n-3,25;4;b\n".getBytes(Charset.forName(charset)));

        Dataset data = Datasets.open(file);

        assertThat(all(data)).containsExactly(1.5f, 2.5f, -3.25f, 4);
        assertThat(data.classes()).containsExactly("b", "ä");
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

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n", "\r"})
    void aQuotedFieldMayHoldLineBreaks(String end) throws IOException {
        Dataset data = Datasets.open(
                table(String.join(end, "a,\"kind", "of it\"", "1,\"cat", "or \"\"lynx\"\"\"", "2,dog") + end));

        assertThat(data.classes()).containsExactly("cat" + end + "or \"lynx\"", "dog");
        assertThat(all(data)).containsExactly(1, 2);
    }

    @Test
    void theDelimiterMayComeAfterAQuotedLineBreak() throws IOException {
        Dataset data = Datasets.open(table("\"a; or\nb\",y\n1,0.5\n2,0.25\n"));

        assertThat(data.sampleShape()).isEqualTo(Shape.of(1));
        assertThat(data.targetShape()).contains(Shape.of());
    }

    @Test
    void aQuoteInsideAFieldThatIsNotQuotedIsText() throws IOException {
        assertThat(Datasets.open(table("1,5\" disk\n2,3\" disk\n")).classes()).containsExactly("3\" disk", "5\" disk");
    }

    @Test
    void complaintsCountTheLinesInsideQuotes() throws IOException {
        assertRefused("a,kind\n1,\"two\nlines\"\nx,dog\n", "t.csv: line 4: column 'a': 'x' is no finite number");
        assertRefused("a,kind\n1,\"two\nlines\"\n7\n", "t.csv: line 4: has 1 fields, the first line has 2");
    }

    @Test
    void quotesThatDoNotEndTheirFieldAreRefusedWithLineAndColumn() throws IOException {
        assertRefused(
                "a,kind\n1,cat\n2,\"dog\n3,cow\n",
                "t.csv: line 3: column 'kind': Unclosed quoted field at end of input");
        assertRefused(
                "a,kind\n1,\"cat\"x\n",
                "t.csv: line 2: column 2: Unexpected character after closing quote: 'x' (0x78)");
    }

    /** Here at 16,384 characters; a table that a person opens may have rows of 64 million. */
    @Test
    void oneRowIsBounded() throws IOException {
        String half = "x".repeat(1 << 13);
        Path file = table("1," + half + "," + half + "\n");

        assertThatThrownBy(() -> openWithRowsOf(1 << 14, file))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.csv: line 1: is longer than 16384 characters");
    }

    private static Samples openWithRowsOf(int characters, Path file) throws IOException {
        return new CsvLoader(characters).open(file, Sidecar.of(file), new CancelToken());
    }

    /** Nothing but the end of the file would end such a field. */
    @Test
    void aQuoteThatIsNotClosedDoesNotReadTheWholeFileIntoMemory() throws IOException {
        Path file = table("1,\"" + "x\n".repeat(1 << 15) + "x".repeat(100_000) + "\",3\n");

        assertThatThrownBy(() -> openWithRowsOf(1 << 16, file))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("t.csv: line 1: column 2: The maximum buffer size of 65536 is insufficient");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\t\na\tb\n1\t300\n\t\n2\t4\n", "a,b\n1,300\n  \n\n2,4\n", "\n\t\na;b\n1;300\n2;4"})
    void blankLinesAreNoRows(String text) throws IOException {
        Dataset data = Datasets.open(table(text));

        assertThat(data.size()).isEqualTo(2);
        assertThat(all(data)).containsExactly(1, 300, 2, 4);
    }

    @Test
    void anEmptyFieldAtTheEndOfALineIsAField() throws IOException {
        assertRefused("1,2,3\n4,5,", "t.csv: line 2: column 3: '' is no finite number");
    }

    @Test
    void aByteOrderMarkIsNoText() throws IOException {
        assertThat(all(Datasets.open(table("\ufeff1,300\n2,4\n")))).containsExactly(1, 300, 2, 4);
    }

    @Test
    void whatIsNoUtf8IsRefused() throws IOException {
        Path file = Files.write(folder.resolve("t.csv"), new byte[] {'1', ',', '2', '\n', '3', ',', (byte) 0xe4, '\n'});

        assertThatThrownBy(() -> Datasets.open(file))
                .isInstanceOf(BadInputException.class)
                .hasMessage("t.csv: text: is no UTF-8, nor UTF-16 with a byte order mark");
    }

    @Test
    void aTableWithoutRowsIsRefused() throws IOException {
        assertRefused("\t\n \n\n", "t.csv: rows: there are none");
        assertRefused("a,b\n", "t.csv: rows: there are none below the header");
    }
}
