package org.quantscope.core.torch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Quoted;
import org.quantscope.core.tensor.Shape;

/**
 * Reads a pickle (protocols 0 to 5, docs.python.org/3/library/pickletools.html) as a description. It knows no class of Java
 * and calls nothing: of all that a pickle can name, it understands dictionaries, the functions by which PyTorch makes tensors
 * again (torch/_utils.py), and the references to their storages (torch/serialization.py).
 *
 * <p>No length is believed before the file is known to hold as much, and the number of values is limited.
 */
final class Unpickler {
    /** The longest line of protocol 0. */
    private static final int MAX_LINE = 1 << 16;

    /** The most values that are made; a file of a model has some thousand, and one with its optimizer ten times as many. */
    static final int MAX_VALUES = 2_000_000;

    private static final Pickled NONE = new Pickled.Plain("");

    private final Path file;
    private final MemorySegment bytes;
    private long at;

    /** The stack; a null marks the begin of a group. */
    private final List<@Nullable Pickled> stack = new ArrayList<>();

    private int made;

    private final Map<Integer, Pickled> memo = new HashMap<>();

    /** @param from where in the bytes the pickle begins */
    Unpickler(Path file, MemorySegment bytes, long from) {
        this.file = file;
        this.bytes = bytes;
        this.at = from;
    }

    /** The end of the pickle, after {@link #read}. */
    long end() {
        return at;
    }

    /** @throws BadInputException if it is damaged or holds an instruction that no pickle of PyTorch has */
    Pickled read() {
        while (true) {
            int op = next();
            switch (op) {
                case '.' -> {
                    return pop();
                }
                case 0x80 -> skip(1);
                case 0x95 -> skip(8);
                case '(' -> stack.add(null);
                case '0' -> drop();
                case '1' -> popGroup();
                case '2' -> push(top());
                case 'N' -> push(NONE);
                case 0x88 -> push(new Pickled.Plain(true));
                case 0x89 -> push(new Pickled.Plain(false));
                case 'K' -> push(number(next()));
                case 'M' -> push(number(next() | next() << 8));
                case 'J' -> push(number(int32()));
                case 'I', 'L' -> push(number(line()));
                case 'F' -> push(decimal(line()));
                case 'G' ->
                    push(new Pickled.Plain(Double.longBitsToDouble(
                            bytes.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), skip(8)))));
                case 0x8a -> push(integer(next()));
                case 0x8b -> push(integer(int32()));
                case 'X' -> push(text(unsigned32()));
                case 0x8c -> push(text(next()));
                case 0x8d -> push(text(int64()));
                case 'V' -> push(new Pickled.Text(line()));
                case 'U', 'C' -> push(latin(next()));
                case 'T', 'B' -> push(latin(unsigned32()));
                case 0x8e, 0x96 -> push(latin(int64()));
                case 'S' -> push(new Pickled.Text(unquoted(line())));
                case ']', 0x8f, ')' -> push(new Pickled.Items());
                case 'l', 't', 0x91 -> push(new Pickled.Items(popGroup()));
                case 0x85 -> push(tuple(1));
                case 0x86 -> push(tuple(2));
                case 0x87 -> push(tuple(3));
                case '}' -> push(new Pickled.Entries());
                case 'd' -> {
                    List<Pickled> pairs = popGroup();
                    Pickled.Entries entries = new Pickled.Entries();
                    put(entries, pairs);
                    push(entries);
                }
                case 'a' -> append(List.of(pop()));
                case 'e', 0x90 -> append(popGroup());
                case 's' -> {
                    Pickled value = pop();
                    set(List.of(pop(), value));
                }
                case 'u' -> set(popGroup());
                case 'c' -> push(new Pickled.Name(line(), line()));
                case 0x93 -> {
                    Pickled name = pop();
                    Pickled module = pop();
                    push(
                            name instanceof Pickled.Text n && module instanceof Pickled.Text m
                                    ? new Pickled.Name(m.value(), n.value())
                                    : new Pickled.Unknown("a class without a name"));
                }
                case 'R' -> {
                    Pickled arguments = pop();
                    push(call(pop(), arguments));
                }
                case 0x81 -> {
                    Pickled arguments = pop();
                    push(call(pop(), arguments));
                }
                case 0x92 -> {
                    drop();
                    Pickled arguments = pop();
                    push(call(pop(), arguments));
                }
                case 'i' -> {
                    Pickled.Name name = new Pickled.Name(line(), line());
                    push(call(name, new Pickled.Items(popGroup())));
                }
                case 'o' -> {
                    List<Pickled> group = popGroup();
                    if (group.isEmpty()) {
                        throw bad("makes an object of nothing");
                    }
                    push(call(group.getFirst(), new Pickled.Items(new ArrayList<>(group.subList(1, group.size())))));
                }
                case 'b' -> build(pop());
                case 'Q' -> push(storage(pop()));
                case 'P' -> push(storage(new Pickled.Text(line())));
                case 'q' -> memo.put(next(), top());
                case 'r' -> memo.put(int32(), top());
                case 'p' -> memo.put((int) number(line()).asLong(), top());
                case 0x94 -> memo.put(memo.size(), top());
                case 'h' -> push(memo(next()));
                case 'j' -> push(memo(int32()));
                case 'g' -> push(memo((int) number(line()).asLong()));
                case 0x82 -> {
                    skip(1);
                    push(new Pickled.Unknown("an extension"));
                }
                default -> throw bad("has the unknown instruction " + op);
            }
        }
    }

    private BadInputException bad(String what) {
        return new BadInputException(file, "pickle", what + ", at byte " + (at - 1));
    }

    private long skip(long n) {
        if (n < 0 || n > bytes.byteSize() - at) {
            throw new BadInputException(file, "pickle", "is cut off at byte " + at);
        }
        long from = at;
        at += n;
        return from;
    }

    private int next() {
        return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, skip(1)));
    }

    private int int32() {
        return bytes.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), skip(4));
    }

    private long unsigned32() {
        return Integer.toUnsignedLong(int32());
    }

    private long int64() {
        return bytes.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), skip(8));
    }

    private String line() {
        StringBuilder line = new StringBuilder();
        for (int c = next(); c != '\n'; c = next()) {
            line.append((char) c);
            if (line.length() > MAX_LINE) {
                throw bad("has a line of more than " + MAX_LINE + " characters");
            }
        }
        return line.toString();
    }

    private static String unquoted(String text) {
        boolean quoted = text.length() >= 2 && (text.startsWith("'") || text.startsWith("\""));
        return quoted ? text.substring(1, text.length() - 1) : text;
    }

    /** A whole number. */
    private record Whole(long asLong) {}

    private Whole number(String text) {
        String digits = text.endsWith("L") ? text.substring(0, text.length() - 1) : text;
        try {
            return new Whole(Long.parseLong(digits.strip()));
        } catch (NumberFormatException e) {
            throw new BadInputException(file, "pickle", Quoted.of(text) + " is no whole number", e);
        }
    }

    private static Whole number(long value) {
        return new Whole(value);
    }

    private Pickled.Plain decimal(String text) {
        try {
            return new Pickled.Plain(Double.parseDouble(text.strip()));
        } catch (NumberFormatException e) {
            throw new BadInputException(file, "pickle", Quoted.of(text) + " is no number", e);
        }
    }

    /** A whole number of any length, little-endian in two's complement; beyond a long as a decimal number. */
    private Pickled integer(int length) {
        byte[] digits = bytes.asSlice(skip(length), length).toArray(ValueLayout.JAVA_BYTE);
        for (int i = 0, j = digits.length - 1; i < j; i++, j--) {
            byte held = digits[i];
            digits[i] = digits[j];
            digits[j] = held;
        }
        BigInteger value = digits.length == 0 ? BigInteger.ZERO : new BigInteger(digits);
        return value.bitLength() < Long.SIZE
                ? new Pickled.Plain(value.longValue())
                : new Pickled.Plain(value.doubleValue());
    }

    private Pickled.Text text(long length) {
        long from = skip(length);
        try {
            return new Pickled.Text(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.asSlice(from, length).toArray(ValueLayout.JAVA_BYTE)))
                    .toString());
        } catch (CharacterCodingException e) {
            throw new BadInputException(file, "pickle", "holds a text that is no UTF-8, at byte " + from, e);
        }
    }

    private Pickled.Text latin(long length) {
        long from = skip(length);
        return new Pickled.Text(
                new String(bytes.asSlice(from, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1));
    }

    private void push(Pickled value) {
        if (++made > MAX_VALUES) {
            throw bad("holds more than " + MAX_VALUES + " values");
        }
        stack.add(value);
    }

    private void push(Whole value) {
        push(new Pickled.Plain(value.asLong));
    }

    private Pickled top() {
        Pickled top = stack.isEmpty() ? null : stack.getLast();
        if (top == null) {
            throw bad("takes more from its stack than is there");
        }
        return top;
    }

    private Pickled pop() {
        Pickled top = top();
        stack.removeLast();
        return top;
    }

    /** Takes the last value or mark away. */
    private void drop() {
        if (stack.isEmpty()) {
            throw bad("takes more from its stack than is there");
        }
        stack.removeLast();
    }

    /** What was put on the stack after the last mark. */
    private List<Pickled> popGroup() {
        int mark = stack.size() - 1;
        while (mark >= 0 && stack.get(mark) != null) {
            mark--;
        }
        if (mark < 0) {
            throw bad("ends a group that has no begin");
        }
        List<Pickled> group = new ArrayList<>();
        for (Pickled value : stack.subList(mark + 1, stack.size())) {
            group.add(Objects.requireNonNull(value));
        }
        stack.subList(mark, stack.size()).clear();
        return group;
    }

    private Pickled.Items tuple(int size) {
        List<Pickled> values = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            values.addFirst(pop());
        }
        return new Pickled.Items(values);
    }

    private Pickled memo(int index) {
        Pickled value = memo.get(index);
        if (value == null) {
            throw bad("refers to value " + index + ", which is not there");
        }
        return value;
    }

    private void append(List<Pickled> values) {
        if (top() instanceof Pickled.Items items) {
            items.values().addAll(values);
        }
    }

    private void set(List<Pickled> pairs) {
        if (top() instanceof Pickled.Entries entries) {
            put(entries, pairs);
        }
    }

    private void put(Pickled.Entries entries, List<Pickled> pairs) {
        if (pairs.size() % 2 != 0) {
            throw bad("has a key without a value");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            String key = switch (pairs.get(i)) {
                case Pickled.Text text -> text.value();
                case Pickled.Plain plain -> plain.value().toString();
                case Pickled.Name name -> name.full();
                default -> "#" + i / 2;
            };
            entries.values().put(key, pairs.get(i + 1));
        }
    }

    /** The state of an object that was made: a dictionary may bring attributes, which are not entries. */
    private void build(Pickled state) {
        if (top() instanceof Pickled.Unknown unknown && state instanceof Pickled.Entries) {
            stack.removeLast();
            push(new Pickled.Unknown(unknown.of()));
        }
    }

    private Pickled call(Pickled function, Pickled arguments) {
        String name = function instanceof Pickled.Name n
                ? n.full()
                : function instanceof Pickled.Unknown u ? u.of() : "a value that is no function";
        List<Pickled> given = arguments instanceof Pickled.Items items ? items.values() : List.of();
        return switch (name) {
            case "collections.OrderedDict", "builtins.dict", "__builtin__.dict", "collections.defaultdict" -> {
                Pickled.Entries entries = new Pickled.Entries();
                for (Pickled argument : given) {
                    if (argument instanceof Pickled.Items pairs) {
                        pairs.values().forEach(pair -> {
                            if (pair instanceof Pickled.Items two
                                    && two.values().size() == 2) {
                                put(entries, two.values());
                            }
                        });
                    }
                }
                yield entries;
            }
            case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor" -> tensor(name, given, "");
            case "torch._utils._rebuild_tensor_v3" -> tensor(name, given, dtype(argument(name, given, 6)));
            case "torch._utils._rebuild_parameter",
                    "torch._utils._rebuild_parameter_with_state",
                    "torch.nn.parameter.Parameter" -> argument(name, given, 0);
            case "torch._tensor._rebuild_from_type_v2" -> call(argument(name, given, 0), argument(name, given, 2));
            case "torch.Size", "builtins.tuple", "builtins.list", "builtins.set" ->
                given.size() == 1 ? given.getFirst() : new Pickled.Items(new ArrayList<>(given));
            default -> new Pickled.Unknown(name);
        };
    }

    private Pickled argument(String name, List<Pickled> given, int index) {
        if (index >= given.size()) {
            throw bad("calls " + name + " with " + given.size() + " arguments");
        }
        return given.get(index);
    }

    private static String dtype(Pickled value) {
        return value instanceof Pickled.Name n && n.module().equals("torch") ? n.name() : "";
    }

    private Pickled tensor(String name, List<Pickled> given, String dtype) {
        if (!(argument(name, given, 0) instanceof Pickled.Storage storage)) {
            return new Pickled.Unknown("a tensor without a storage");
        }
        List<Long> dims = numbers(argument(name, given, 2), "a shape");
        List<Long> strides = numbers(argument(name, given, 3), "strides");
        long offset = number(argument(name, given, 1), "an offset");
        if (strides.size() != dims.size()) {
            throw bad("has a tensor with " + dims.size() + " dimensions and " + strides.size() + " strides");
        }
        Shape shape;
        try {
            shape = Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
            shape.count();
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new BadInputException(file, "pickle", "shape " + dims + " is none: " + e.getMessage(), e);
        }
        return new Pickled.TensorView(storage, dtype.isEmpty() ? storage.dtype() : dtype, offset, shape, strides);
    }

    private List<Long> numbers(Pickled list, String what) {
        if (!(list instanceof Pickled.Items items)) {
            throw bad("has a tensor where " + what + " is no list");
        }
        return items.values().stream().map(v -> number(v, what)).toList();
    }

    private long number(Pickled value, String what) {
        if (value instanceof Pickled.Plain(Long number)) {
            return number;
        }
        throw bad("has a tensor where " + what + " holds something that is no whole number");
    }

    /** ('storage', type, key, location, count), and in old files the view of another one, which is never given. */
    private Pickled storage(Pickled reference) {
        List<Pickled> parts = reference instanceof Pickled.Items items ? items.values() : List.of();
        if (parts.size() < 5
                || !(parts.get(0) instanceof Pickled.Text kind)
                || !kind.value().equals("storage")
                || !(parts.get(1) instanceof Pickled.Name type)
                || !(parts.get(2) instanceof Pickled.Text key)) {
            return new Pickled.Unknown("a reference out of the file");
        }
        return new Pickled.Storage(dtypeOf(type), key.value(), number(parts.get(4), "a size"));
    }

    private static String dtypeOf(Pickled.Name storage) {
        return switch (storage.name()) {
            case "DoubleStorage" -> "float64";
            case "FloatStorage" -> "float32";
            case "HalfStorage" -> "float16";
            case "BFloat16Storage" -> "bfloat16";
            case "LongStorage" -> "int64";
            case "IntStorage" -> "int32";
            case "ShortStorage" -> "int16";
            case "CharStorage" -> "int8";
            case "ByteStorage" -> "uint8";
            case "BoolStorage" -> "bool";
            case "UntypedStorage" -> "";
            default -> storage.name();
        };
    }
}
