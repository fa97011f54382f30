package org.quantscope.packaging;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Makes the app image and the installer of the system that it runs on: a Java runtime with the modules needed, the jars
 * without the natives of other systems, the samples, the licences, an AOT cache for the command line and one for the
 * window, each from a run in which the program was used.
 */
public final class Packager {
    /** What jdeps says of our jars and the libraries' use of reflection adds; the vector module is for the window's kernels. */
    private static final String MODULES =
            "java.base,java.desktop,java.logging,java.management,java.naming,java.net.http,java.prefs,java.scripting,"
                    + "java.sql,java.xml,jdk.incubator.vector,jdk.jfr,jdk.management,jdk.unsupported,jdk.zipfs";

    static final String WINDOW = "quantscope-desktop";
    static final String COMMAND = "quantscope";
    static final String CLI_MAIN = "org.quantscope.cli.Main";

    private static final List<String> COMMON =
            List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow");

    private final Path root;
    private final Path target;
    private final Path libraries;
    private final String version;

    private Packager(Path root, Path target, String version) {
        this.root = root;
        this.target = target;
        this.libraries = target.resolve("libraries");
        this.version = version;
    }

    /** @param args the folder of the sources, the target folder of this module, the version, and the kind of installer */
    public static void main(String[] args) throws IOException, InterruptedException {
        Packager packager = new Packager(Path.of(args[0]), Path.of(args[1]), args[2].replace("-SNAPSHOT", ""));
        packager.run(args[3]);
    }

    private void run(String type) throws IOException, InterruptedException {
        Path input = fresh("input");
        Path jars = Files.createDirectories(input);
        try (Stream<Path> files = Files.list(libraries)) {
            for (Path jar : files.sorted().toList()) {
                Natives.copyForThisSystem(jar, jars.resolve(jar.getFileName()));
            }
        }
        copyTree(root.resolve("sample-models"), input.resolve("sample-models"));
        Files.copy(root.resolve("LICENSE"), input.resolve("LICENSE"));
        Notices.write(target.resolve("THIRD-PARTY.txt"), jars, input);

        Path runtime = fresh("runtime");
        call(
                tool("jlink"),
                "--add-modules",
                MODULES,
                "--strip-debug",
                "--no-man-pages",
                "--no-header-files",
                "--output",
                runtime.toString());

        Path images = fresh("image");
        Files.createDirectories(images);
        List<String> image = new ArrayList<>(List.of(
                tool("jpackage"),
                "--type",
                "app-image",
                "--name",
                WINDOW,
                "--app-version",
                version,
                "--vendor",
                "Quantscope",
                "--description",
                "Explores how neural networks are quantized",
                "--input",
                input.toString(),
                "--main-jar",
                jarOf(jars, "quantscope-app"),
                "--main-class",
                "org.quantscope.app.Launcher",
                "--runtime-image",
                runtime.toString(),
                "--dest",
                images.toString(),
                "--add-launcher",
                COMMAND + "=" + commandLauncher(jars)));
        for (String option : windowOptions("$APPDIR")) {
            image.add("--java-options");
            image.add(option);
        }
        image.addAll(List.of("--java-options", "-XX:AOTCache=$APPDIR/window.aot", "--java-options", "-Xlog:aot=off"));
        icon().ifPresentAdd(image);
        call(image.toArray(String[]::new));

        Path made = images.resolve(isMac() ? WINDOW + ".app" : WINDOW);
        train(made);
        if (!type.equals("app-image")) {
            installer(type, made);
        }
        System.out.println("packaged: " + made + (type.equals("app-image") ? "" : " and a " + type + " in " + target));
    }

    /** The options of the window's launcher; {@code folder} is where its jars lie. */
    static List<String> windowOptions(String folder) {
        List<String> options = new ArrayList<>(COMMON);
        options.add("--add-modules=jdk.incubator.vector");
        options.add("-Dquantscope.samples=" + folder + "/sample-models");
        return options;
    }

    /** The options of the command's launcher, as those of the start script. */
    static List<String> commandOptions(String folder) {
        List<String> options = new ArrayList<>(List.of("-XX:+UseSerialGC", "-XX:MaxNewSize=128m"));
        options.addAll(COMMON);
        options.add("-Dquantscope.samples=" + folder + "/sample-models");
        return options;
    }

    private Path commandLauncher(Path jars) throws IOException {
        List<String> options = new ArrayList<>(commandOptions("$APPDIR"));
        options.add("-XX:AOTCache=$APPDIR/command.aot");
        // A cache that does not fit is left alone without a word: stdout is for results.
        options.add("-Xlog:aot=off");
        Path file = target.resolve("command.properties");
        Files.writeString(
                file,
                "main-jar=" + jarOf(jars, "quantscope-cli") + "\nmain-class=" + CLI_MAIN + "\njava-options="
                        + String.join(" ", options) + "\nwin-console=true\nlinux-shortcut=false\nwin-menu=false\n");
        return file;
    }

    /**
     * Writes the AOT caches: the command line inspects, measures and evaluates as a served client asks it to; the window
     * opens a sample and a handle is dragged. Both runs have the class path and the options of the launchers, or the
     * cache would not be taken.
     */
    private void train(Path made) throws IOException, InterruptedException {
        Path app = appFolder(made);
        String java = runtimeFolder(made).resolve("bin/java").toString();
        String classPath = classPath(app, COMMAND);
        List<String> command = new ArrayList<>(List.of(
                java, "-XX:AOTCacheOutput=" + app.resolve("command.aot"), "-Xlog:disable", "-Xlog:all=error:stderr"));
        command.addAll(commandOptions(app.toString()));
        command.addAll(List.of("-cp", classPath, CLI_MAIN, "serve", "--stdio", "--allow-write"));
        converse(command, app.resolve("sample-models"));

        List<String> window = new ArrayList<>(List.of(
                java, "-XX:AOTCacheOutput=" + app.resolve("window.aot"), "-Xlog:disable", "-Xlog:all=error:stderr"));
        window.addAll(windowOptions(app.toString()));
        window.addAll(List.of(
                "-Dglass.platform=Headless",
                "-Dprism.order=sw",
                "-Djava.awt.headless=true",
                "-cp",
                classPath(app, WINDOW),
                "org.quantscope.app.screenshot.Drag",
                target.resolve("drag.png").toString()));
        call(window.toArray(String[]::new));
    }

    /** The class path that the launcher of that name uses, from its settings. */
    static String classPath(Path app, String launcher) throws IOException {
        return String.join(
                java.io.File.pathSeparator,
                Files.readAllLines(app.resolve(launcher + ".cfg")).stream()
                        .filter(line -> line.startsWith("app.classpath="))
                        .map(line -> line.substring("app.classpath=".length()).replace("$APPDIR", app.toString()))
                        .toList());
    }

    private static void converse(List<String> command, Path samples) throws IOException, InterruptedException {
        Process served = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedWriter to =
                        new BufferedWriter(new OutputStreamWriter(served.getOutputStream(), StandardCharsets.UTF_8));
                BufferedReader from =
                        new BufferedReader(new InputStreamReader(served.getInputStream(), StandardCharsets.UTF_8))) {
            ask(
                    to,
                    from,
                    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                            + "\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"packager\",\"version\":"
                            + "\"1\"}}}");
            say(to, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
            String model = samples.resolve("fashion_lenet.onnx").toUri().getPath();
            String data = samples.resolve("fashion_mnist_test.npz").toUri().getPath();
            for (int i = 0; i < 3; i++) {
                ask(to, from, call("inspect", "\"model\":\"" + model + "\""));
                ask(
                        to,
                        from,
                        call(
                                "error",
                                "\"model\":\"" + model + "\",\"tensor\":\"" + tensor(to, from, model)
                                        + "\",\"bits\":4,\"granularity\":\"channel\",\"calibrator\":\"mse\""));
                ask(
                        to,
                        from,
                        call(
                                "eval",
                                "\"model\":\"" + model + "\",\"data\":\"" + data
                                        + "\",\"weights\":8,\"granularity\":\"channel\",\"limit\":1000"));
            }
        }
        if (served.waitFor() != 0) {
            throw new IOException("the training run of the command line ended with " + served.exitValue());
        }
    }

    private static String tensor(BufferedWriter to, BufferedReader from, String model) throws IOException {
        String answer = ask(to, from, call("inspect", "\"model\":\"" + model + "\",\"header\":true"));
        return answer.replaceFirst("(?s).*?name\\\\\":\\\\\"([^\\\\]*)\\\\\",\\\\\"kind\\\\\":\\\\\"weight.*", "$1");
    }

    private static String call(String tool, String arguments) {
        return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"" + tool
                + "\",\"arguments\":{" + arguments + "}}}";
    }

    private static void say(BufferedWriter to, String line) throws IOException {
        to.write(line + "\n");
        to.flush();
    }

    private static String ask(BufferedWriter to, BufferedReader from, String line) throws IOException {
        say(to, line);
        String answer = from.readLine();
        if (answer == null || !answer.contains("\"result\"") || answer.contains("\"isError\":true")) {
            throw new IOException("asked " + line + ", was answered " + answer);
        }
        return answer;
    }

    private void installer(String type, Path made) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                tool("jpackage"),
                "--type",
                type,
                "--name",
                WINDOW,
                "--app-version",
                version,
                "--vendor",
                "Quantscope",
                "--description",
                "Explores how neural networks are quantized",
                "--app-image",
                made.toString(),
                "--license-file",
                root.resolve("LICENSE").toString(),
                "--dest",
                target.toString()));
        for (Path association : associations()) {
            command.add("--file-associations");
            command.add(association.toString());
        }
        if (type.equals("deb") || type.equals("rpm")) {
            command.addAll(List.of(
                    "--linux-package-name",
                    "quantscope",
                    "--linux-shortcut",
                    "--linux-menu-group",
                    "Science;Education;Development;"));
            if (type.equals("deb")) {
                command.addAll(List.of("--linux-deb-maintainer", "quantscope@localhost.invalid"));
            }
            command.addAll(List.of("--resource-dir", source("linux").toString()));
        } else if (type.equals("msi")) {
            command.addAll(List.of("--win-menu", "--win-shortcut"));
        }
        call(command.toArray(String[]::new));
    }

    private List<Path> associations() throws IOException {
        try (Stream<Path> files = Files.list(source("associations"))) {
            return files.sorted().toList();
        }
    }

    private Path source(String name) {
        return root.resolve("app/packaging/src/main/package").resolve(name);
    }

    /** An icon of the program in the format of this system, if there is one. */
    private Icon icon() {
        return new Icon(source(isMac() ? "icon.icns" : isWindows() ? "icon.ico" : "icon.png"));
    }

    private record Icon(Path file) {
        void ifPresentAdd(List<String> command) {
            if (Files.exists(file)) {
                command.addAll(List.of("--icon", file.toString()));
            }
        }
    }

    static Path appFolder(Path image) {
        return image.resolve(isMac() ? "Contents/app" : isWindows() ? "app" : "lib/app");
    }

    static Path runtimeFolder(Path image) {
        return image.resolve(isMac() ? "Contents/runtime/Contents/Home" : isWindows() ? "runtime" : "lib/runtime");
    }

    static boolean isMac() {
        return os().contains("mac");
    }

    static boolean isWindows() {
        return os().contains("windows");
    }

    private static String os() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT);
    }

    private static String tool(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }

    private static String jarOf(Path jars, String artifact) throws IOException {
        try (Stream<Path> files = Files.list(jars)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(artifact + "-"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("there is no jar of " + artifact));
        }
    }

    private Path fresh(String name) throws IOException {
        Path folder = target.resolve(name);
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        return folder;
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(
                        file,
                        to.resolve(from.relativize(file).toString()),
                        StandardCopyOption.COPY_ATTRIBUTES,
                        StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void call(String... command) throws IOException, InterruptedException {
        int code = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (code != 0) {
            throw new IOException(
                    Path.of(command[0]).getFileName() + " ended with " + code + ": " + String.join(" ", command));
        }
    }
}
