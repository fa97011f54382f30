package org.quantscope.core.dataset;

import de.siegmar.fastcsv.reader.AbstractBaseCsvCallbackHandler;
import de.siegmar.fastcsv.reader.CommentStrategy;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;

/**
 * Reads a table of text: one sample in each row, fields between commas, semicolons or tabs (RFC 4180), or what a first
 * line such as {@code sep=;} names. Lines that begin with {@code #} are comments. A comma between digits is a decimal
 * one where it does not divide fields. Columns of numbers are features, in their order. Values are kept as bytes if all are whole numbers from 0 to 255, else as
 * float32.
 *
 * <p>The first row is a header if the sidecar says so ({@code header}), or if it has text in a column where the second
 * row has a number. The column of labels is the one that the sidecar names ({@code label_column}: first, last, none or
 * a name); else the one called label, labels, class, target or y; else the only column of text; else the first or the
 * last column, if exactly one of the two holds classes 0 to k − 1 without a gap, with k at least 2. Labels of text
 * become classes in the order of their characters; numbers with a fraction or a minus are targets.
 */
final class CsvLoader implements DatasetLoader {
    private static final int MAX_COLUMNS = 1 << 20;
    /**
     * The longest row, in characters, a power of two. Without a limit an unclosed quote would turn the rest of the file
     * into one row.
     */
    private static final int MAX_ROW = 64 << 20;

    private static final int MAX_CLASSES = 100_000;
    /** The longest name of a class, in characters. */
    private static final int MAX_TEXT = 1024;

    /** A line that begins with this is a comment. */
    private static final char COMMENT = '#';

    /** The length of {@code sep=;}. */
    private static final int SEPARATOR = 5;

    /** A number with a decimal comma. */
    private static final Pattern DECIMAL = Pattern.compile("[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?");

    private static final Set<String> LABEL_NAMES = Set.of("label", "labels", "class", "target", "y");

    private final int maxRow;

    CsvLoader() {
        this(MAX_ROW);
    }

    /** @param maxRow the longest row, in characters, a power of two */
    CsvLoader(int maxRow) {
        this.maxRow = maxRow;
    }

    @Override
    public String id() {
        return "csv";
    }

    @Override
    public String title() {
        return "CSV";
    }

    @Override
    public String source() {
        return "https://www.rfc-editor.org/rfc/rfc4180";
    }

    /** True for text with a delimiter in its first line. */
    @Override
    public boolean matches(Path file, byte[] bytes) {
        Charset charset = charset(bytes);
        byte[] head = charset.equals(StandardCharsets.UTF_8)
                ? bytes
                : new String(bytes, 2, (bytes.length & ~1) - 2, charset).getBytes(StandardCharsets.UTF_8);
        boolean delimited =
                head.length >= SEPARATOR && new String(head, 0, 4, StandardCharsets.US_ASCII).equalsIgnoreCase("sep=");
        for (byte b : head) {
            if (b >= 0 && b < ' ' && b != '\t' && b != '\r' && b != '\n') {
                return false;
            }
            if (b == '\n' && delimited) {
                return true;
            }
            delimited |= b == ',' || b == ';' || b == '\t';
        }
        return delimited && head.length > 0 && head[0] != '{' && head[0] != '[';
    }

    @Override
    public Samples open(Path file, Sidecar sidecar, CancelToken cancel) throws IOException {
        Table table = new Table(file, sidecar, cancel);
        try {
            char delimiter = delimiter(file);
            Rows rows = new Rows(file, delimiter, maxRow);
            try (CsvReader<Row> in = CsvReader.builder()
                    .fieldSeparator(delimiter)
                    .maxBufferSize(maxRow)
                    .commentStrategy(CommentStrategy.SKIP)
                    .commentCharacter(COMMENT)
                    .allowUnclosedQuote(false)
                    .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                    .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
                    .build(rows, text(file))) {
                table.read(in);
            } catch (CsvParseException e) {
                if (e.getCause() instanceof RuntimeException ours) {
                    throw ours;
                }
                if (e.getCause() instanceof Error error) {
                    throw error;
                }
                throw table.complaint(rows, e);
            }
        } catch (UncheckedIOException e) {
            throw unreadable(file, Objects.requireNonNull(e.getCause()));
        } catch (CharacterCodingException e) {
            throw unreadable(file, e);
        }
        return table.samples(Fingerprint.sha256(file, cancel), title());
    }

    /**
     * The characters of the file, after the byte order mark if there is one: UTF-8, or UTF-16 if the mark says so. A
     * first line {@code sep=;}, which spreadsheets write, is left blank.
     */
    private static Reader text(Path file) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(
                Files.newInputStream(file),
                charset(file)
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT)));
        in.mark(1);
        if (in.read() != '\ufeff') {
            in.reset();
        }
        if (separator(in).isPresent()) {
            for (int i = 0; i < SEPARATOR; i++) {
                in.read();
            }
        }
        return in;
    }

    private static Charset charset(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return charset(in.readNBytes(2));
        }
    }

    private static Charset charset(byte[] head) {
        int first = head.length < 2 ? 0 : (head[0] & 0xff) << 8 | (head[1] & 0xff);
        return first == 0xfffe
                ? StandardCharsets.UTF_16LE
                : first == 0xfeff ? StandardCharsets.UTF_16BE : StandardCharsets.UTF_8;
    }

    /** The delimiter that a first line {@code sep=;} names; the reader stays where it is. */
    private static Optional<Character> separator(BufferedReader in) throws IOException {
        in.mark(SEPARATOR + 1);
        char[] line = new char[SEPARATOR + 1];
        int n = 0;
        for (int c = in.read(); c >= 0 && n < line.length; c = in.read()) {
            line[n++] = (char) c;
            if (n == line.length) {
                break;
            }
        }
        in.reset();
        boolean ends =
                n == SEPARATOR || (n > SEPARATOR && (isLineEnd(line[SEPARATOR]) || isLineEnd(line[SEPARATOR - 1])));
        return ends && new String(line, 0, 4).equalsIgnoreCase("sep=") ? Optional.of(line[4]) : Optional.empty();
    }

    private static boolean isLineEnd(char c) {
        return c == '\n' || c == '\r';
    }

    /**
     * The delimiter: the one that a first line {@code sep=} names; else by the first row that is neither blank nor a
     * comment: a tab if there is one outside quotes; else a semicolon, if what lies between semicolons holds no commas
     * but decimal ones; else a comma, else a semicolon.
     */
    private char delimiter(Path file) throws IOException {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(Files.newInputStream(file), charset(file)))) {
            in.mark(1);
            if (in.read() != '\ufeff') {
                in.reset();
            }
            Optional<Character> named = separator(in);
            if (named.isPresent()) {
                char c = named.get();
                // What begins a row's end, a quoted field, a comment or a number cannot stand between two numbers.
                if (Character.isLetterOrDigit(c) || "\r\n\"#.+-".indexOf(c) >= 0) {
                    throw new BadInputException(file, "sep", "'" + c + "' cannot part two numbers");
                }
                return c;
            }
        }
        try (Reader in = text(file)) {
            return byFirstRow(in);
        }
    }

    private char byFirstRow(Reader in) throws IOException {
        StringBuilder row = new StringBuilder();
        boolean blank = true;
        boolean quoted = false;
        boolean mayOpen = true;
        for (int c = in.read(), length = 0; c >= 0 && length <= maxRow; c = in.read(), length++) {
            if (quoted) {
                quoted = c != '"';
                mayOpen = true;
                continue;
            }
            boolean end = c == '\n' || c == '\r';
            if (end && !blank) {
                break;
            }
            if (end || (blank && c == COMMENT)) {
                row.setLength(0);
                while (!end && c >= 0 && c != '\n' && c != '\r') {
                    c = in.read();
                }
                mayOpen = true;
                continue;
            }
            row.append((char) c);
            blank &= Character.isWhitespace(c);
            quoted = c == '"' && mayOpen;
            mayOpen = c == ',' || c == ';' || c == '\t';
        }
        String text = row.toString();
        if (text.indexOf('\t') >= 0) {
            return '\t';
        }
        boolean commas = text.indexOf(',') >= 0;
        boolean semicolons = text.indexOf(';') >= 0;
        boolean decimal = semicolons
                && Stream.of(text.split(";", -1))
                        .allMatch(f ->
                                f.indexOf(',') < 0 || DECIMAL.matcher(f.strip()).matches());
        return commas && !decimal ? ',' : ';';
    }

    private static BadInputException unreadable(Path file, IOException e) throws IOException {
        if (e instanceof CharacterCodingException) {
            return new BadInputException(file, "text", "is no UTF-8, nor UTF-16 with a byte order mark", e);
        }
        throw e;
    }

    /**
     * One row.
     *
     * @param line the line of the file at which it begins, from 1
     */
    private record Row(long line, List<String> fields) {
        String where() {
            return "line " + line;
        }
    }

    /** Collects the fields of each row; skips blank lines. */
    private static final class Rows extends AbstractBaseCsvCallbackHandler<Row> {
        private final Path file;
        private final char delimiter;
        private final int maxRow;
        private List<String> fields = List.of();
        private long length;
        private boolean blank;

        Rows(Path file, char delimiter, int maxRow) {
            this.file = file;
            this.delimiter = delimiter;
            this.maxRow = maxRow;
        }

        @Override
        protected void handleBegin(long line) {
            fields = new ArrayList<>(Math.max(1, fields.size()));
            length = 0;
            blank = true;
        }

        @Override
        protected void handleField(int index, char[] buffer, int offset, int count, boolean quoted) {
            if (index == MAX_COLUMNS) {
                throw new BadInputException(file, where(), "has more than " + MAX_COLUMNS + " fields");
            }
            length += count + 1L;
            if (length > maxRow) {
                throw new BadInputException(file, where(), "is longer than " + maxRow + " characters");
            }
            String field = new String(buffer, offset, count);
            blank &= !quoted && field.isBlank() && (index == 0 || Character.isWhitespace(delimiter));
            fields.add(field);
        }

        @Override
        protected @Nullable Row buildRecord() {
            return blank ? null : new Row(getStartingLineNumber(), fields);
        }

        private String where() {
            return "line " + getStartingLineNumber();
        }
    }

    /** Values in the order of the file, held as bytes as long as all of them are whole numbers from 0 to 255. */
    private static final class Values {
        private final CopyBudget budget;
        private byte[] bytes = new byte[1 << 12];
        private float @Nullable [] floats;
        private int count;

        Values(Path file) {
            budget = new CopyBudget(file);
        }

        void add(float value) {
            int whole = (int) value;
            float[] f = floats;
            if (f == null && (whole != value || whole < 0 || whole > 255)) {
                budget.take(bytes.length * 4L, "values");
                f = new float[bytes.length];
                for (int i = 0; i < count; i++) {
                    f[i] = bytes[i] & 0xff;
                }
                floats = f;
                bytes = new byte[0];
            }
            if (f != null) {
                if (count == f.length) {
                    f = Arrays.copyOf(f, grown(4));
                    floats = f;
                }
                f[count++] = value;
            } else {
                if (count == bytes.length) {
                    bytes = Arrays.copyOf(bytes, grown(1));
                }
                bytes[count++] = (byte) whole;
            }
        }

        private int grown(int bytesEach) {
            int more = (int) Math.min(count, (1L << 31) - 16 - count);
            budget.take((long) Math.max(1, more) * bytesEach, "values");
            return count + Math.max(1, more);
        }

        TensorData data(int rows, int columns, int without) {
            float[] f = floats;
            int kept = without < 0 ? columns : columns - 1;
            if (f == null) {
                byte[] out = new byte[rows * kept];
                for (int r = 0, at = 0; r < rows; r++) {
                    for (int c = 0; c < columns; c++) {
                        if (c != without) {
                            out[at++] = bytes[r * columns + c];
                        }
                    }
                }
                return new TensorData(DType.U8, MemorySegment.ofArray(out), ByteOrder.nativeOrder(), out.length);
            }
            float[] out = new float[rows * kept];
            boolean small = true;
            for (int r = 0, at = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    if (c != without) {
                        float v = f[r * columns + c];
                        out[at++] = v;
                        small &= v >= 0 && v <= 255 && v == (int) v;
                    }
                }
            }
            if (small) {
                byte[] narrow = new byte[out.length];
                for (int i = 0; i < out.length; i++) {
                    narrow[i] = (byte) (int) out[i];
                }
                return new TensorData(DType.U8, MemorySegment.ofArray(narrow), ByteOrder.nativeOrder(), narrow.length);
            }
            return TensorData.of(out);
        }

        float at(int index) {
            float[] f = floats;
            return f == null ? bytes[index] & 0xff : f[index];
        }
    }

    /** The table while it is being read. */
    private static final class Table {
        private final Path file;
        private final Sidecar sidecar;
        private final CancelToken cancel;
        private final Values values;
        private List<String> names = List.of();
        private int columns;
        private int rows;
        /** The column of text, −1 if there is none; its values are indices into {@code texts}. */
        private int textColumn = -1;

        private final TreeMap<String, Integer> texts = new TreeMap<>();

        Table(Path file, Sidecar sidecar, CancelToken cancel) {
            this.file = file;
            this.sidecar = sidecar;
            this.cancel = cancel;
            this.values = new Values(file);
        }

        void read(Iterable<Row> in) {
            Iterator<Row> all = in.iterator();
            if (!all.hasNext()) {
                throw new BadInputException(file, "rows", "there are none");
            }
            Row first = all.next();
            columns = first.fields().size();
            Row second = all.hasNext() ? all.next() : null;
            boolean header = sidecar.header().orElseGet(() -> isHeader(first, second));
            names = header ? first.fields().stream().map(String::strip).toList() : List.of();
            textColumn = textColumn(header && second != null ? second : first);
            if (!header) {
                add(first);
            }
            if (second != null) {
                add(second);
            }
            while (all.hasNext()) {
                cancel.check();
                add(all.next());
            }
            if (rows == 0) {
                throw new BadInputException(file, "rows", "there are none below the header");
            }
        }

        private static boolean isHeader(Row first, @Nullable Row second) {
            if (second == null) {
                return first.fields().stream().noneMatch(f -> number(f) != null);
            }
            for (int i = 0; i < Math.min(first.fields().size(), second.fields().size()); i++) {
                if (number(first.fields().get(i)) == null
                        && number(second.fields().get(i)) != null) {
                    return true;
                }
            }
            return false;
        }

        /** The index of the only column of text, if it may hold the labels. */
        private int textColumn(Row row) {
            List<Integer> found = new ArrayList<>();
            for (int i = 0; i < row.fields().size(); i++) {
                if (number(row.fields().get(i)) == null && !row.fields().get(i).isBlank()) {
                    found.add(i);
                }
            }
            Optional<Integer> said = sidecar.labelColumn().map(this::column);
            if (said.isPresent() && said.get() >= 0 && found.contains(said.get())) {
                return said.get();
            }
            return found.size() == 1 && said.isEmpty() ? found.getFirst() : -1;
        }

        private void add(Row row) {
            if (row.fields().size() != columns) {
                throw new BadInputException(
                        file, row.where(), "has " + row.fields().size() + " fields, the first line has " + columns);
            }
            for (int i = 0; i < columns; i++) {
                if (i == textColumn) {
                    String text = row.fields().get(i).strip();
                    if (text.length() > MAX_TEXT) {
                        throw new BadInputException(
                                file,
                                row.where(),
                                title(i) + ": a text of " + text.length() + " characters is no name of a class");
                    }
                    values.add(texts.computeIfAbsent(text, t -> texts.size()));
                    if (texts.size() > MAX_CLASSES) {
                        throw new BadInputException(
                                file,
                                title(i),
                                "has more than " + MAX_CLASSES + " different texts, which are no classes");
                    }
                    continue;
                }
                Float value = number(row.fields().get(i));
                if (value == null || !Float.isFinite(value)) {
                    throw new BadInputException(
                            file,
                            row.where(),
                            title(i) + ": '" + row.fields().get(i).strip() + "' is no finite number");
                }
                values.add(value);
            }
            rows++;
        }

        /** The error for a row that could not be split into fields. */
        BadInputException complaint(Rows at, CsvParseException e) {
            String problem = String.valueOf(e.getMessage()).replaceFirst(" \\(record starting at line \\d+\\)$", "");
            return new BadInputException(file, at.where(), title(at.fields.size()) + ": " + problem, e);
        }

        private String title(int column) {
            return "column " + (column >= names.size() ? Integer.toString(column + 1) : "'" + names.get(column) + "'");
        }

        private static @Nullable Float number(String field) {
            String text = field.strip();
            int length = text.length();
            if (length > 0 && length <= 3) {
                int whole = 0;
                for (int i = 0; i < length && whole >= 0; i++) {
                    char c = text.charAt(i);
                    whole = c >= '0' && c <= '9' ? whole * 10 + c - '0' : -1;
                }
                if (whole >= 0) {
                    return (float) whole;
                }
            }
            if (length == 0
                    || length > 64
                    || "+-.,0123456789NI".indexOf(text.charAt(0)) < 0
                    || "dDfF".indexOf(text.charAt(length - 1)) >= 0) {
                return null;
            }
            try {
                return Float.parseFloat(
                        text.indexOf(',') >= 0 && DECIMAL.matcher(text).matches() ? text.replace(',', '.') : text);
            } catch (NumberFormatException e) {
                return null;
            }
        }

        /** The index of the column of labels, −1 for none. */
        private int labelColumn() {
            if (sidecar.labelColumn().isPresent()) {
                return column(sidecar.labelColumn().get());
            }
            for (int i = 0; i < names.size(); i++) {
                if (LABEL_NAMES.contains(names.get(i).toLowerCase(Locale.ROOT))) {
                    return i;
                }
            }
            if (textColumn >= 0) {
                return textColumn;
            }
            boolean first = columns > 1 && numbersClasses(0);
            boolean last = columns > 1 && numbersClasses(columns - 1);
            return first == last ? -1 : first ? 0 : columns - 1;
        }

        private int column(String said) {
            return switch (said) {
                case "none" -> -1;
                case "first" -> 0;
                case "last" -> columns - 1;
                default -> {
                    int at = names.indexOf(said);
                    if (at < 0) {
                        throw new BadInputException(
                                sidecar.file(),
                                "label_column",
                                "'" + said + "' is neither first, last nor none, and no column's name");
                    }
                    yield at;
                }
            };
        }

        private boolean numbersClasses(int column) {
            TreeSet<Integer> seen = new TreeSet<>();
            for (int r = 0; r < rows; r++) {
                float v = values.at(r * columns + column);
                if (v != (int) v || v < 0 || seen.size() > MAX_CLASSES) {
                    return false;
                }
                seen.add((int) v);
            }
            return seen.size() >= 2
                    && seen.getFirst() == 0
                    && seen.getLast() == seen.size() - 1
                    && seen.size() <= Math.max(2, rows / 2);
        }

        Samples samples(String sha256, String what) {
            int label = labelColumn();
            if (textColumn >= 0 && label != textColumn) {
                throw new BadInputException(file, title(textColumn), "holds text, and is not the label");
            }
            int features = label < 0 ? columns : columns - 1;
            if (features == 0) {
                throw new BadInputException(file, "columns", "there is none except the label");
            }
            List<String> classes = sidecar.classes();
            Optional<Labels> labels = Optional.empty();
            Optional<Targets> targets = Optional.empty();
            if (label >= 0) {
                boolean text = textColumn == label;
                if (text && classes.isEmpty()) {
                    classes = List.copyOf(texts.keySet());
                }
                boolean plain = sidecar.preprocessing().labelNumbers().equals(LabelNumbers.PLAIN);
                if (!text && classes.isEmpty() && plain && !wholeNumbers(label)) {
                    float[] numbers = new float[rows];
                    for (int r = 0; r < rows; r++) {
                        numbers[r] = values.at(r * columns + label);
                    }
                    targets = Optional.of(new Targets(TensorData.of(numbers), Shape.of()));
                } else {
                    labels = Optional.of(labels(label, text, classes));
                }
            }
            return new ArraySamples(
                    file,
                    sha256,
                    rows,
                    values.data(rows, columns, label),
                    Shape.of(features),
                    labels,
                    classes,
                    sidecar.origin(),
                    sidecar.preprocessing(),
                    sidecar.file(),
                    what,
                    targets,
                    Optional.of(
                            label < 0
                                    ? "none"
                                    : names.isEmpty()
                                            ? label == 0 ? "first" : label == columns - 1 ? "last" : title(label)
                                            : names.get(label)),
                    SideArrays.NONE,
                    List.of());
        }

        private boolean wholeNumbers(int column) {
            for (int r = 0; r < rows; r++) {
                float v = values.at(r * columns + column);
                if (v != (int) v || v < 0) {
                    return false;
                }
            }
            return true;
        }

        private Labels labels(int column, boolean text, List<String> classes) {
            Map<String, Integer> numbers = new HashMap<>();
            for (int i = 0; i < classes.size(); i++) {
                numbers.putIfAbsent(classes.get(i), i);
            }
            int[] number = new int[texts.size()];
            for (var entry : texts.entrySet()) {
                number[entry.getValue()] = numbers.getOrDefault(entry.getKey(), -1);
                if (number[entry.getValue()] < 0) {
                    throw new BadInputException(
                            sidecar.file(),
                            "classes",
                            "'" + entry.getKey() + "' in " + title(column) + " is none of them");
                }
            }
            int[] out = new int[rows];
            for (int r = 0; r < rows; r++) {
                float v = values.at(r * columns + column);
                if (text) {
                    out[r] = number[(int) v];
                    continue;
                }
                // Under another numbering the prepared data looks at them.
                boolean plain = sidecar.preprocessing().labelNumbers().equals(LabelNumbers.PLAIN);
                if (v != (int) v || (plain && (v < 0 || v >= (classes.isEmpty() ? 1 << 24 : classes.size())))) {
                    throw new BadInputException(
                            file,
                            title(column),
                            "label " + v + " of sample " + r + " is no class"
                                    + (classes.isEmpty() ? "" : " from 0 to " + (classes.size() - 1)));
                }
                out[r] = (int) v;
            }
            return new Labels(out);
        }
    }
}
