package org.quantscope.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The arguments of a command as fields of a JSON object: an option by its long name without dashes, a parameter by its
 * label in lower case. Both the schema and the translation into words come from the command itself.
 */
final class ToolArguments {
    private static final Set<String> NOT_OFFERED = Set.of("--help", "--version", "--json");

    /** Options that name a file to be written; every other path is read. */
    private static final Set<String> WRITING = Set.of("-o", "--sheet");

    private final Map<String, ArgSpec> fields = new LinkedHashMap<>();

    ToolArguments(CommandSpec command) {
        for (PositionalParamSpec parameter : command.positionalParameters()) {
            add(parameter.paramLabel().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_-]", ""), parameter);
        }
        for (OptionSpec option : command.options()) {
            if (!option.hidden() && Arrays.stream(option.names()).noneMatch(NOT_OFFERED::contains)) {
                add(option.longestName().replaceFirst("^-+", ""), option);
            }
        }
    }

    private void add(String name, ArgSpec argument) {
        if (fields.put(name, argument) != null) {
            throw new IllegalStateException("two arguments are called " + name);
        }
    }

    Map<String, ArgSpec> fields() {
        return fields;
    }

    /** True if the argument names a file that the command writes. */
    static boolean writes(ArgSpec argument) {
        return argument instanceof OptionSpec option
                && Path.class.isAssignableFrom(option.type())
                && Arrays.stream(option.names()).anyMatch(WRITING::contains);
    }

    /** True if the command cannot be run without writing a file. */
    boolean mustWrite() {
        return fields.values().stream().anyMatch(a -> writes(a) && a.required());
    }

    /** The JSON Schema of the arguments; those that name files to be written only if {@code withWriting}. */
    Map<String, Object> schema(boolean withWriting) {
        Map<String, Object> properties = new LinkedHashMap<>();
        List<String> required = new ArrayList<>();
        fields.forEach((name, argument) -> {
            if (writes(argument) && !argument.required() && !withWriting) {
                return;
            }
            properties.put(name, property(argument));
            // In a group, what is required depends on its other members; the description says so.
            if (argument.required() && argument.group() == null) {
                required.add(name);
            }
        });
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", properties);
        schema.put("required", required);
        schema.put("additionalProperties", false);
        return schema;
    }

    private static Map<String, Object> property(ArgSpec argument) {
        Map<String, Object> property = new LinkedHashMap<>();
        Class<?> type = argument.isMultiValue() ? argument.auxiliaryTypes()[0] : argument.type();
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("type", jsonType(type));
        if (type.isEnum()) {
            value.put(
                    "enum",
                    Arrays.stream(type.getEnumConstants()).map(Object::toString).toList());
        }
        if (argument.isMultiValue()) {
            property.put("type", "array");
            property.put("items", value);
        } else {
            property.putAll(value);
        }
        property.put("description", String.join(" ", argument.description()));
        return property;
    }

    private static String jsonType(Class<?> type) {
        if (type == boolean.class || type == Boolean.class) {
            return "boolean";
        }
        if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
            return "integer";
        }
        if (type == double.class || type == Double.class || type == float.class || type == Float.class) {
            return "number";
        }
        return "string";
    }

    /**
     * The words of a command line that say the same.
     *
     * @throws IllegalArgumentException if a field is unknown, or its value is of another kind
     */
    List<String> words(Map<String, Object> given) {
        for (String name : given.keySet()) {
            if (!fields.containsKey(name)) {
                throw new IllegalArgumentException(
                        name + ": there is no such argument; there are " + String.join(", ", fields.keySet()));
            }
        }
        List<String> options = new ArrayList<>();
        List<String> parameters = new ArrayList<>();
        fields.forEach((name, argument) -> {
            if (!given.containsKey(name)) {
                return;
            }
            List<String> values = values(name, argument, given.get(name));
            switch (argument) {
                case OptionSpec option -> options.addAll(words(name, option, values));
                default -> parameters.addAll(values);
            }
        });
        options.add("--");
        options.addAll(parameters);
        return options;
    }

    private static List<String> words(String name, OptionSpec option, List<String> values) {
        String word = option.longestName();
        if (option.arity().max() > 0) {
            return values.stream().map(value -> word + "=" + value).toList();
        }
        return switch (values.getFirst()) {
            case "true" -> List.of(word);
            case "false" -> List.of();
            default -> throw new IllegalArgumentException(name + ": true or false is needed, got " + values.getFirst());
        };
    }

    private static List<String> values(String name, ArgSpec argument, Object value) {
        if (value instanceof List<?> list && argument.isMultiValue()) {
            List<String> values = list.stream().map(v -> value(name, v)).toList();
            boolean joined =
                    argument.splitRegex() != null && !argument.splitRegex().isEmpty();
            return joined ? List.of(String.join(",", values)) : values;
        }
        return List.of(value(name, value));
    }

    private static String value(String name, Object value) {
        if (value instanceof String || value instanceof Number || value instanceof Boolean) {
            return value.toString();
        }
        throw new IllegalArgumentException(name + ": a text, a number, true or false is needed, got " + value);
    }
}
