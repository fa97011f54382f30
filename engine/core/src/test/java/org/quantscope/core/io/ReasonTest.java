package org.quantscope.core.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class ReasonTest {
    @Test
    void everyFailureIsASentenceWithItsFile() {
        assertThat(Reason.of(new NoSuchFileException("/a/b"))).isEqualTo("/a/b: no such file");
        assertThat(Reason.of(new NoSuchFileException("/a", null, "the folder does not exist")))
                .isEqualTo("/a: the folder does not exist");
        assertThat(Reason.of(new AccessDeniedException("/a"))).isEqualTo("/a: access denied");
        assertThat(Reason.of(new FileSystemException("/a", null, "Read-only file system")))
                .isEqualTo("/a: Read-only file system");
        assertThat(Reason.of(new IOException("No space left on device")))
                .isEqualTo("cannot read or write: No space left on device");
        assertThat(Reason.of(new IllegalStateException("x does not read back"))).isEqualTo("x does not read back");
        assertThat(Reason.of(new IllegalStateException())).isEqualTo("IllegalStateException");
    }
}
