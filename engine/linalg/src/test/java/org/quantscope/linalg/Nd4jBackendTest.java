package org.quantscope.linalg;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

class Nd4jBackendTest {
    /** It is set before anything is loaded, so it is tried with the property alone. */
    @Test
    @ResourceLock(Resources.SYSTEM_PROPERTIES)
    void librariesAreUnpackedIntoTheProgramsOwnCacheUnlessAnotherIsChosen() {
        String before = System.getProperty(Nd4jBackend.CACHE);
        try {
            System.clearProperty(Nd4jBackend.CACHE);
            Nd4jBackend.keepLibrariesIn(Optional.empty());
            assertThat(System.getProperty(Nd4jBackend.CACHE)).isNull();

            Nd4jBackend.keepLibrariesIn(Optional.of(Path.of("cache")));
            assertThat(System.getProperty(Nd4jBackend.CACHE))
                    .isEqualTo(Path.of("cache", "javacpp").toString());

            Nd4jBackend.keepLibrariesIn(Optional.of(Path.of("other")));
            assertThat(System.getProperty(Nd4jBackend.CACHE)).startsWith("cache");
        } finally {
            if (before == null) {
                System.clearProperty(Nd4jBackend.CACHE);
            } else {
                System.setProperty(Nd4jBackend.CACHE, before);
            }
        }
    }
}
