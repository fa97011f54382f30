package org.quantscope.core.ort;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.quantscope.core.io.Unpacked;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The native libraries of ONNX Runtime, unpacked once instead of at every start. By itself it unpacks 28 MB into the
 * folder for temporary files each time, where a process that is killed meanwhile leaves them.
 */
final class OrtLibraries {
    private static final Logger LOG = LoggerFactory.getLogger(OrtLibraries.class);

    /** The folder that ONNX Runtime loads its libraries from, if it is set. */
    private static final String FOLDER = "onnxruntime.native.path";

    /** In the order in which they are loaded. */
    private static final List<String> NAMES = List.of("onnxruntime", "onnxruntime4j_jni");

    /** Only on some systems; loaded by the others when they need it. */
    private static final String SHARED = "onnxruntime_providers_shared";

    private OrtLibraries() {}

    /** Where {@code Files.createTempDirectory} makes folders of this name. */
    private static final String ITS_OWN = "onnxruntime-java*";

    private static final Duration OLD = Duration.ofMinutes(1);

    /**
     * Deletes empty folders that starts of ONNX Runtime left among the temporary files: it makes one at each start, even
     * if it has nothing to unpack. One that is not empty may be another program's, and a fresh one is about to be used.
     */
    static void sweep(Path temporary, Instant now) {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(temporary, ITS_OWN)) {
            for (Path folder : left) {
                try {
                    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                            && Files.getLastModifiedTime(folder).toInstant().isBefore(now.minus(OLD))) {
                        Files.delete(folder);
                    }
                } catch (IOException e) {
                    LOG.debug("{} stays", folder, e);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            LOG.debug("{} cannot be read", temporary, e);
        }
    }

    /** Tells ONNX Runtime where its libraries are; without a folder for them it unpacks them as it always did. */
    static void unpackOnce() {
        sweep(Path.of(System.getProperty("java.io.tmpdir", ".")), Instant.now());
        if (System.getProperty(FOLDER) != null) {
            return;
        }
        String place = "/ai/onnxruntime/native/"
                + platform(System.getProperty("os.name", ""), System.getProperty("os.arch", "")) + "/";
        List<String> files = Stream.concat(NAMES.stream(), Stream.of(SHARED))
                .map(name -> place + fileName(name))
                .toList();
        Unpacked.folder("onnxruntime", OrtEnvironment.class, files, OrtLibraries::canBeLoaded)
                .ifPresent(folder -> System.setProperty(FOLDER, folder.toString()));
    }

    /** The name under which the jar keeps the libraries of a system, such as {@code linux-x64}. */
    static String platform(String os, String processor) {
        String system = os.toLowerCase(Locale.ROOT);
        String arch = processor.toLowerCase(Locale.ROOT);
        String name = system.contains("mac") ? "osx" : system.contains("win") ? "win" : "linux";
        return name + "-" + (arch.startsWith("amd64") || arch.startsWith("x86_64") ? "x64" : arch);
    }

    private static String fileName(String library) {
        return System.mapLibraryName(library).replace("jnilib", "dylib");
    }

    /** False for example if the folder's file system does not let programs run. */
    // native access is granted to the class path by every launcher of ours; ONNX Runtime needs it too
    @SuppressWarnings("restricted")
    private static boolean canBeLoaded(Path folder) {
        try {
            System.load(folder.resolve(fileName(NAMES.getFirst())).toString());
            return true;
        } catch (UnsatisfiedLinkError e) {
            LOG.warn("ONNX Runtime cannot be loaded from {}", folder, e);
            return false;
        }
    }
}
