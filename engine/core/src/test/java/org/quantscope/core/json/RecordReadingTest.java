package org.quantscope.core.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.io.BadInputException;

class RecordReadingTest {
    enum Colour {
        RED,
        GREEN
    }

    record Paint(
            @Nullable String brandName,
            @Nullable Integer litres,
            @Nullable Boolean matt,
            @Nullable Double price,
            @Nullable Colour colour,
            @Nullable List<Double> mix,
            @Nullable List<String> names) {}

    private static Paint read(String json, boolean others) throws IOException {
        return StrictJson.read(Path.of("f.json"), json.getBytes(StandardCharsets.UTF_8), reader -> {
            Paint[] read = new Paint[1];
            reader.object(name -> read[0] = reader.record(Paint.class, others));
            return read[0];
        });
    }

    @Test
    void membersBecomeComponentsAndMissingOnesNull() throws IOException {
        assertThat(read("{\"a\":{\"brand_name\":\"b\",\"litres\":2,\"price\":3,\"mix\":[1,0.5]}}", false))
                .isEqualTo(new Paint("b", 2, null, 3.0, null, List.of(1.0, 0.5), null));
        assertThat(read("{\"a\":{\"x\":{\"deep\":[null]},\"matt\":true}}", true))
                .isEqualTo(new Paint(null, null, true, null, null, null, null));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "[] ~ a: an object is needed, got a list",
                "{\"brand_name\":1} ~ a.brand_name: a string is needed, got 1",
                "{\"brand_name\":1.5} ~ a.brand_name: a string is needed, got 1.5",
                "{\"brand_name\":true} ~ a.brand_name: a string is needed, got true",
                "{\"brand_name\":null} ~ a.brand_name: a string is needed, got null",
                "{\"brand_name\":{}} ~ a.brand_name: a string is needed, got an object",
                "{\"litres\":\"1\"} ~ a.litres: a whole number is needed, got \"1\"",
                "{\"litres\":1.0} ~ a.litres: a whole number is needed, got 1.0",
                "{\"litres\":null} ~ a.litres: a whole number is needed, got null",
                "{\"litres\":2147483648} ~ a.litres: Numeric value (2147483648) out of range of",
                "{\"matt\":\"true\"} ~ a.matt: true or false is needed, got \"true\"",
                "{\"matt\":1} ~ a.matt: true or false is needed, got 1",
                "{\"matt\":null} ~ a.matt: true or false is needed, got null",
                "{\"price\":\"1\"} ~ a.price: a finite number is needed, got \"1\"",
                "{\"price\":1e999} ~ a.price: a finite number is needed, got 1e999",
                "{\"price\":null} ~ a.price: a finite number is needed, got null",
                "{\"colour\":\"red\"} ~ a.colour: one of RED, GREEN is needed, got \"red\"",
                "{\"colour\":0} ~ a.colour: one of RED, GREEN is needed, got 0",
                "{\"colour\":\"0\"} ~ a.colour: one of RED, GREEN is needed, got \"0\"",
                "{\"colour\":\"\"} ~ a.colour: one of RED, GREEN is needed, got \"\"",
                "{\"colour\":null} ~ a.colour: one of RED, GREEN is needed, got null",
                "{\"mix\":1} ~ a.mix: a list is needed, got 1",
                "{\"mix\":\"\"} ~ a.mix: a list is needed, got \"\"",
                "{\"mix\":null} ~ a.mix: a list is needed, got null",
                "{\"mix\":[1,\"2\"]} ~ a.mix[1]: a finite number is needed, got \"2\"",
                "{\"mix\":[1,null]} ~ a.mix[1]: a finite number is needed, got null",
                "{\"names\":[\"x\",null]} ~ a.names[1]: a string is needed, got null",
                "{\"names\":[2]} ~ a.names[0]: a string is needed, got 2",
                "{\"litres\":1,\"x y\":2} ~ a[\"x y\"]: unknown field; known here: brand_name, litres, matt, price,"
                        + " colour, mix, names",
                "{\"Litres\":1} ~ a.Litres: unknown field; known here: brand_name, litres, matt, price, colour, mix,"
                        + " names"
            })
    void whatDoesNotFitIsRefusedWithPathAndValue(String json, String message) {
        assertThatThrownBy(() -> read("{\"a\":" + json + "}", false))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("f.json: " + message);
    }

    @Test
    void aMemberTwiceIsRefused() {
        assertThatThrownBy(() -> read("{\"a\":{\"litres\":1,\"litres\":1}}", true))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("f.json: a.litres: Duplicate Object property \"litres\"");
    }
}
