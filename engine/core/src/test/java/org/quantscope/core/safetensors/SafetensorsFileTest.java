package org.quantscope.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
    private static final String EMPTY = "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[4,4]}";
    private static final String FIRST = "\"first\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
    private static final String SECOND = "\"second\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}";

    @TempDir
    Path folder;

    /** It begins where the next tensor begins and takes no room, so it overlaps nothing wherever the header names it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                EMPTY + "," + FIRST + "," + SECOND,
                FIRST + "," + EMPTY + "," + SECOND,
                FIRST + "," + SECOND + "," + EMPTY
            })
    void anEmptyTensorMayBeginWhereAnotherOneDoes(String entries) throws IOException {
        byte[] header = ("{" + entries + "}").getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header).putFloat(1).putFloat(2);
        Path file = Files.write(folder.resolve("m.safetensors"), bytes.array());

        SafetensorsFile read = SafetensorsFile.read(file, true);

        assertThat(read.tensors())
                .extracting(t -> t.id().name() + " " + t.data().count())
                .containsExactlyInAnyOrder("empty 0", "first 1", "second 1");
        assertThat(read.tensors())
                .filteredOn(t -> t.id().name().equals("second"))
                .singleElement()
                .satisfies(t -> assertThat(t.data().toFloats()).containsExactly(2));
    }
}
