package org.quantscope.core.lesson;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.tensor.NearNames;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * A value in a block of YAML that knows its line. Whatever is wrong is added to the problems of the file, and reading
 * goes on with a value that stands in, so that all problems of a file are found at once.
 */
final class Yaml {
    private static final int NEAR = 3;

    private final Problems problems;
    private final Node node;
    private final int firstLine;

    /** What has been found wrong with a file so far. */
    static final class Problems {
        private final String file;
        private final List<Problem> found = new ArrayList<>();

        Problems(String file) {
            this.file = file;
        }

        void add(int line, String why) {
            Problem problem = new Problem(file, line, why);
            if (!found.contains(problem)) {
                found.add(problem);
            }
        }

        List<Problem> found() {
            return found.stream().sorted(Comparator.comparingInt(Problem::line)).toList();
        }
    }

    private Yaml(Problems problems, Node node, int firstLine) {
        this.problems = problems;
        this.node = node;
        this.firstLine = firstLine;
    }

    /**
     * Reads a block.
     *
     * @param firstLine the line of the file on which the text begins, from 1
     * @return empty if the text is no YAML, or empty
     */
    static Optional<Yaml> read(String text, int firstLine, Problems problems) {
        try {
            LoadSettings settings = LoadSettings.builder()
                    .setAllowDuplicateKeys(false)
                    .setMaxAliasesForCollections(0)
                    .setCodePointLimit(1 << 20)
                    .build();
            Optional<Node> root = new Compose(settings).composeString(text);
            if (root.isEmpty()) {
                problems.add(firstLine, "the block is empty");
                return Optional.empty();
            }
            return Optional.of(new Yaml(problems, root.get(), firstLine));
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark().map(mark -> mark.getLine()).orElse(0);
            problems.add(firstLine + line, "is no YAML: " + e.getProblem());
        } catch (YamlEngineException e) {
            problems.add(firstLine, "is no YAML: " + e.getMessage());
        }
        return Optional.empty();
    }

    int line() {
        return firstLine + node.getStartMark().map(mark -> mark.getLine()).orElse(0);
    }

    void problem(String why) {
        problems.add(line(), why);
    }

    Problems problems() {
        return problems;
    }

    /** A value of the members of an object. */
    static final class Members {
        private final Yaml of;
        private final Map<String, Yaml> members;

        private Members(Yaml of, Map<String, Yaml> members) {
            this.of = of;
            this.members = members;
        }

        Optional<Yaml> get(String name) {
            return Optional.ofNullable(members.get(name));
        }

        /** The member, or a problem that it is missing. */
        Optional<Yaml> need(String name) {
            Optional<Yaml> member = get(name);
            if (member.isEmpty()) {
                of.problem(name + " is missing");
            }
            return member;
        }

        boolean has(String name) {
            return members.containsKey(name);
        }

        Map<String, Yaml> all() {
            return members;
        }

        String text(String name) {
            return need(name).map(Yaml::text).orElse("");
        }

        Yaml owner() {
            return of;
        }
    }

    /** The members of an object, of which only {@code known} may occur. */
    Members members(Collection<String> known) {
        Members all = members();
        all.members.forEach((name, value) -> {
            if (!known.contains(name)) {
                value.problem(unknown(name, known));
            }
        });
        return all;
    }

    static String unknown(String name, Collection<String> known) {
        return "\"" + name + "\" is not known here; known: "
                + String.join(", ", known.size() > 8 ? NearNames.of(name, known, NEAR) : known);
    }

    /** The members of an object with any names. */
    Members members() {
        Map<String, Yaml> members = new LinkedHashMap<>();
        if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                Yaml key = new Yaml(problems, tuple.getKeyNode(), firstLine);
                Yaml before = members.put(key.text(), new Yaml(problems, tuple.getValueNode(), firstLine));
                if (before != null) {
                    key.problem("\"" + key.text() + "\" is given twice");
                }
            }
        } else {
            problem("names with values are needed, got " + seen());
        }
        return new Members(this, members);
    }

    boolean isList() {
        return node instanceof SequenceNode;
    }

    boolean isObject() {
        return node instanceof MappingNode;
    }

    /** The elements of a list; a single value counts as a list of one. */
    List<Yaml> list() {
        return node instanceof SequenceNode list
                ? list.getValue().stream()
                        .map(element -> new Yaml(problems, element, firstLine))
                        .toList()
                : List.of(this);
    }

    String text() {
        if (node instanceof ScalarNode scalar && !scalar.getTag().equals(Tag.NULL)) {
            return scalar.getValue().strip();
        }
        problem("a text is needed, got " + seen());
        return "";
    }

    double number() {
        OptionalDouble number = asNumber();
        if (number.isEmpty()) {
            problem("a number is needed, got " + seen());
        }
        return number.orElse(0);
    }

    OptionalDouble asNumber() {
        if (node instanceof ScalarNode scalar) {
            try {
                double value = Double.parseDouble(scalar.getValue());
                return Double.isFinite(value) ? OptionalDouble.of(value) : OptionalDouble.empty();
            } catch (NumberFormatException e) {
                return OptionalDouble.empty();
            }
        }
        return OptionalDouble.empty();
    }

    int integer(int min, int max) {
        double value = asNumber().orElse(Double.NaN);
        if (value != Math.rint(value) || value < min || value > max) {
            problem("a whole number from " + min + " to " + max + " is needed, got " + seen());
            return min;
        }
        return (int) value;
    }

    boolean bool() {
        String text = node instanceof ScalarNode scalar ? scalar.getValue() : "";
        if (!text.equals("true") && !text.equals("false")) {
            problem("true or false is needed, got " + seen());
        }
        return text.equals("true");
    }

    /** Makes a value; an {@link IllegalArgumentException} becomes a problem of this line. */
    <T> @Nullable T make(Supplier<T> maker) {
        try {
            return maker.get();
        } catch (IllegalArgumentException e) {
            problem(String.valueOf(e.getMessage()));
            return null;
        }
    }

    private String seen() {
        return switch (node) {
            case ScalarNode scalar when scalar.getTag().equals(Tag.NULL) -> "nothing";
            case ScalarNode scalar -> "\"" + scalar.getValue() + "\"";
            case SequenceNode list -> "a list of " + list.getValue().size();
            case MappingNode object -> "names with values";
            default -> "something else";
        };
    }
}
