package org.quantscope.core.json;

import java.util.Arrays;
import java.util.Collection;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.BeanDescription;
import tools.jackson.databind.DeserializationConfig;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.deser.ValueDeserializerModifier;
import tools.jackson.databind.deser.std.DelegatingDeserializer;
import tools.jackson.databind.deser.std.StdScalarDeserializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.type.CollectionType;
import tools.jackson.databind.type.LogicalType;

/**
 * Maps JSON objects to records with Jackson. Refuses everything that is not of the expected type: no "1" for 1, no 1.0
 * for 1, no null, no infinity.
 */
final class RecordMapper {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
            .withCoercionConfig(
                    LogicalType.Textual,
                    c -> c.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
            .addModule(new SimpleModule()
                    .addDeserializer(Double.class, new FiniteDouble())
                    .setDeserializerModifier(new RefusesNull()))
            .build();

    private RecordMapper() {}

    /** Reads a record. If a value does not fit, {@code parser} is left at it. */
    static <T> T read(JsonParser parser, Class<T> type, boolean others) {
        ObjectReader reader = MAPPER.readerFor(type);
        return (others
                        ? reader.without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                        : reader.with(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES))
                .readValue(parser);
    }

    /** In words, what a value of {@code type} looks like in JSON. */
    static String wanted(Class<?> type) {
        if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants())
                    .map(constant -> MAPPER.convertValue(constant, String.class))
                    .collect(Collectors.joining(", ", "one of ", ""));
        }
        if (Collection.class.isAssignableFrom(type)) {
            return "a list";
        }
        return switch (type.getSimpleName()) {
            case "String" -> "a string";
            case "Boolean" -> "true or false";
            case "Integer" -> "a whole number";
            case "Double" -> "a finite number";
            default -> "an object";
        };
    }

    private static final class FiniteDouble extends StdScalarDeserializer<Double> {
        FiniteDouble() {
            super(Double.class);
        }

        @Override
        public Double deserialize(JsonParser parser, DeserializationContext context) {
            double value = parser.currentToken().isNumeric() ? parser.getDoubleValue() : Double.NaN;
            return Double.isFinite(value) ? value : (Double) context.handleUnexpectedToken(Double.class, parser);
        }
    }

    /** Refuses null. Jackson's own option would refuse missing members too. */
    @SuppressWarnings("serial") // nobody writes a mapper
    private static final class RefusesNull extends ValueDeserializerModifier {
        @Override
        public ValueDeserializer<?> modifyDeserializer(
                DeserializationConfig config, BeanDescription.Supplier bean, ValueDeserializer<?> inner) {
            return new NotNull(inner);
        }

        @Override
        public ValueDeserializer<?> modifyEnumDeserializer(
                DeserializationConfig config,
                JavaType type,
                BeanDescription.Supplier bean,
                ValueDeserializer<?> inner) {
            return new NotNull(inner);
        }

        @Override
        public ValueDeserializer<?> modifyCollectionDeserializer(
                DeserializationConfig config,
                CollectionType type,
                BeanDescription.Supplier bean,
                ValueDeserializer<?> inner) {
            return new NotNull(inner);
        }
    }

    private static final class NotNull extends DelegatingDeserializer {
        NotNull(ValueDeserializer<?> inner) {
            super(inner);
        }

        @Override
        protected ValueDeserializer<?> newDelegatingInstance(ValueDeserializer<?> inner) {
            return new NotNull(inner);
        }

        @Override
        public Object getNullValue(DeserializationContext context) {
            return context.reportInputMismatch(handledType(), "null");
        }

        @Override
        public @Nullable Object getAbsentValue(DeserializationContext context) {
            return null;
        }
    }
}
