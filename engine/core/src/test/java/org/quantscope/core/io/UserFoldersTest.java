package org.quantscope.core.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UserFoldersTest {
    private static Path state(String os, Map<String, String> environment) {
        return UserFolders.state(os, "/home/a", environment::get);
    }

    @Test
    void everySystemHasItsOwnPlace() {
        assertThat(state("Linux", Map.of())).isEqualTo(Path.of("/home/a/.local/state/quantscope"));
        assertThat(state("Linux", Map.of("XDG_STATE_HOME", "/var/me"))).isEqualTo(Path.of("/var/me/quantscope"));
        assertThat(state("Linux", Map.of("XDG_STATE_HOME", "relative")))
                .isEqualTo(Path.of("/home/a/.local/state/quantscope"));
        assertThat(state("Mac OS X", Map.of())).isEqualTo(Path.of("/home/a/Library/Application Support/Quantscope"));
        assertThat(state("Windows 11", Map.of("LOCALAPPDATA", "/local"))).isEqualTo(Path.of("/local/Quantscope"));
        assertThat(state("Windows 11", Map.of())).isEqualTo(Path.of("/home/a/AppData/Local/Quantscope"));
    }

    private static Path settings(String os, Map<String, String> environment) {
        return UserFolders.settings(os, "/home/a", environment::get);
    }

    @Test
    void settingsHaveAPlaceOfTheirOwn() {
        assertThat(settings("Linux", Map.of())).isEqualTo(Path.of("/home/a/.config/quantscope"));
        assertThat(settings("Linux", Map.of("XDG_CONFIG_HOME", "/etc/me"))).isEqualTo(Path.of("/etc/me/quantscope"));
        assertThat(settings("Linux", Map.of("XDG_CONFIG_HOME", "relative")))
                .isEqualTo(Path.of("/home/a/.config/quantscope"));
        assertThat(settings("Mac OS X", Map.of())).isEqualTo(Path.of("/home/a/Library/Application Support/Quantscope"));
        assertThat(settings("Windows 11", Map.of("APPDATA", "/roaming"))).isEqualTo(Path.of("/roaming/Quantscope"));
        assertThat(settings("Windows 11", Map.of())).isEqualTo(Path.of("/home/a/AppData/Roaming/Quantscope"));
    }

    private static Path cache(String os, Map<String, String> environment) {
        return UserFolders.cache(os, "/home/a", environment::get);
    }

    @Test
    void whatCanBeMadeAgainHasAPlaceOfItsOwn() {
        assertThat(cache("Linux", Map.of())).isEqualTo(Path.of("/home/a/.cache/quantscope"));
        assertThat(cache("Linux", Map.of("XDG_CACHE_HOME", "/var/me"))).isEqualTo(Path.of("/var/me/quantscope"));
        assertThat(cache("Mac OS X", Map.of())).isEqualTo(Path.of("/home/a/Library/Caches/Quantscope"));
        assertThat(cache("Windows 11", Map.of("LOCALAPPDATA", "/local"))).isEqualTo(Path.of("/local/Quantscope/Cache"));
    }
}
