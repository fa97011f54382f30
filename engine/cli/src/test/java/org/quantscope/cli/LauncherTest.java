package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the start script with fake JDKs that only report a version. The script asks for version 90, so that no real JDK
 * of this machine is accepted.
 */
@DisabledOnOs(
        value = OS.WINDOWS,
        disabledReason =
                "starts launcher/quantscope, which needs /bin/sh and executable bits; Windows is given quantscope.bat"
                        + " instead")
class LauncherTest {
    @TempDir
    Path folder;

    private Path script;

    @BeforeEach
    void putTheScriptInItsTree() throws IOException {
        Path launcher = Path.of(System.getProperty("quantscope.root"), "engine/cli/src/main/launcher");
        String text = Files.readString(launcher.resolve("quantscope"));
        String search = Files.readString(launcher.resolve("find-java"));
        assertThat(text).contains("${jvm.flags}");
        assertThat(search).contains("\nleast=25\n");
        script = Files.createDirectories(folder.resolve("tree/bin")).resolve("quantscope");
        Files.writeString(script, text.replace("${jvm.flags}", "--flag=1"));
        Files.writeString(script.resolveSibling("find-java"), search.replace("\nleast=25\n", "\nleast=90\n"));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.createDirectories(folder.resolve("home"));
    }

    private Path jdk(String place, int version, boolean release) throws IOException {
        Path home = folder.resolve(place);
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(
                java,
                "#!/bin/sh\nif [ \"$1\" = -version ]; then echo 'openjdk version \"" + version
                        + ".0.1\"' >&2; exit; fi\n" + "echo " + place
                        + "\nfor word; do echo \"<$word>\"; done\nexit 7\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        if (release) {
            Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"" + version + ".0.1\"\n");
        }
        return home;
    }

    private record Run(int code, List<String> out, String err) {}

    private Run run(Path program, Map<String, String> environment, String... args)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(program.toString()));
        words.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().clear();
        builder.environment().put("PATH", "/usr/bin:/bin");
        builder.environment().put("HOME", folder.resolve("home").toString());
        builder.environment().putAll(environment);
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        Process process =
                builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), Files.readAllLines(out, StandardCharsets.UTF_8), Files.readString(err));
    }

    @Test
    void javaHomeIsTakenWithTheFlagsAndTheArgumentsAsTheyAre() throws Exception {
        Run run = run(script, Map.of("JAVA_HOME", jdk("jdk90", 90, true).toString()), "error", "a b", "*", "$x");

        assertThat(run.out())
                .startsWith("jdk90")
                .contains("<--flag=1>", "<-Dquantscope.terminal.out=false>", "<-Dquantscope.terminal.err=false>");
        assertThat(run.out())
                .endsWith(
                        "<-cp>",
                        "<" + folder.resolve("tree").toRealPath() + "/lib/*>",
                        "<org.quantscope.cli.Main>",
                        "<error>",
                        "<a b>",
                        "<*>",
                        "<$x>");
        assertThat(run.code()).isEqualTo(7);
        assertThat(run.err()).isEmpty();
    }

    @Test
    void anOlderJavaHomeGivesWayToThePathAndThatToTheUsualFolders() throws Exception {
        Path old = jdk("jdk89", 89, true);
        jdk("home/.sdkman/candidates/java/90.0", 90, true);
        jdk("home/.jdks/newest", 91, true);
        jdk("home/.jdks/old", 89, true);
        Path onPath = jdk("path", 92, false);

        assertThat(run(script, Map.of("JAVA_HOME", old.toString(), "PATH", onPath.resolve("bin") + ":/usr/bin:/bin"))
                        .out())
                .startsWith("path");
        assertThat(run(script, Map.of("JAVA_HOME", old.toString(), "PATH", old.resolve("bin") + ":/usr/bin:/bin"))
                        .out())
                .startsWith("home/.jdks/newest");
        assertThat(run(script, Map.of()).out()).startsWith("home/.jdks/newest");
    }

    @Test
    void aJavaHomeWithoutAReleaseFileIsAsked() throws Exception {
        assertThat(run(script, Map.of("JAVA_HOME", jdk("bare", 90, false).toString()))
                        .out())
                .startsWith("bare");
    }

    @Test
    void withoutAJdkThereIsOneSentence() throws Exception {
        Run run = run(script, Map.of("JAVA_HOME", jdk("jdk89", 89, true).toString()));

        assertThat(run.code()).isEqualTo(4);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .isEqualTo("quantscope: a JDK 90 or newer is needed and none was found; install one or set JAVA_HOME to"
                        + " it\n");
    }

    @Test
    void aLinkToTheScriptFindsTheTree() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("qs"), Path.of("tree/bin/quantscope"));

        assertThat(run(link, Map.of("JAVA_HOME", jdk("jdk90", 90, true).toString()))
                        .out())
                .contains("<" + folder.resolve("tree").toRealPath() + "/lib/*>");
    }
}
