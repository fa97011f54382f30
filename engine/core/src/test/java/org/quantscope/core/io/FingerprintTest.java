package org.quantscope.core.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;

class FingerprintTest {
    @TempDir
    Path folder;

    /** NIST's examples for SHA-256: the message "abc", and a million times "a". */
    @Test
    void theSumIsThatOfTheStandard() throws IOException {
        Path abc = Files.writeString(folder.resolve("abc"), "abc");
        Path million = Files.write(folder.resolve("a"), "a".repeat(1_000_000).getBytes(StandardCharsets.US_ASCII));

        assertThat(Fingerprint.sha256(abc, new CancelToken()))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(Fingerprint.sha256(million, new CancelToken()))
                .isEqualTo("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }

    @Test
    void hashingStopsWhenCancelled() throws IOException {
        Path file = Files.writeString(folder.resolve("abc"), "abc");
        CancelToken cancel = new CancelToken();
        cancel.cancel();

        assertThatThrownBy(() -> Fingerprint.sha256(file, cancel)).isInstanceOf(CancellationException.class);
    }
}
