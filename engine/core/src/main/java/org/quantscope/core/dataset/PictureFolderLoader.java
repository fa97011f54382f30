package org.quantscope.core.dataset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.FileKind;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.io.InputFile;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.picture.PictureHeader;
import org.quantscope.core.picture.Pictures;

/**
 * Reads a folder of pictures. Each of its sub-folders is a class that holds all pictures below it; without sub-folders
 * the data has no labels.
 *
 * <p>Classes are in the order of their names' characters, as torchvision and Keras number them ({@code 10} before
 * {@code 2}); an empty class is a class too. The pictures of one class are in the order of their names, with runs of
 * digits compared as numbers ({@code 2.png} before {@code 10.png}). Names that begin with a dot are skipped, and so are
 * files that are not pictures by content or by name, and what a Mac puts into an archive ({@code __MACOSX}). Links are
 * not followed. Pictures of formats that are not read (WebP, TIFF, HEIC, AVIF) are left out, counted and named.
 *
 * <p>Folders that are called train, val or test are the splits of a data set and no classes: one of them is to be opened.
 */
final class PictureFolderLoader implements DatasetLoader {
    private static final int MAX_DEPTH = 16;
    private static final int MAX_FILES = 4_000_000;
    private static final Set<String> ENDINGS = Set.of("png", "jpg", "jpeg", "bmp", "gif");

    /** Endings of pictures whose format is not read. */
    private static final Set<String> UNREAD =
            Set.of("webp", "tif", "tiff", "heic", "heif", "avif", "jp2", "j2k", "svg");

    private static final Set<String> SPLITS =
            Set.of("train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval", "evaluation");

    /** Compares runs of digits as numbers and everything else by character; if these are equal, by the plain names. */
    static final Comparator<String> NATURAL = PictureFolderLoader::natural;

    @Override
    public String id() {
        return "pictures";
    }

    @Override
    public String title() {
        return "folder of pictures";
    }

    @Override
    public String source() {
        return "https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html";
    }

    @Override
    public boolean matches(Path file, byte[] head) {
        return Files.isDirectory(file);
    }

    @Override
    public Samples open(Path folder, Sidecar sidecar, CancelToken cancel) throws IOException {
        Scan scan = new Scan(folder, cancel);
        List<Path> inside = list(folder);
        List<Path> classes = inside.stream()
                .filter(Files::isDirectory)
                .sorted(Comparator.comparing(PictureFolderLoader::name))
                .toList();
        for (Path file : inside.stream().filter(Files::isRegularFile).toList()) {
            scan.add(file, -1);
        }
        boolean flat = !scan.found.isEmpty() || (scan.left() > 0 && classes.isEmpty());
        if (!flat
                && !classes.isEmpty()
                && classes.stream().allMatch(c -> SPLITS.contains(name(c).toLowerCase(Locale.ROOT)))) {
            throw new BadInputException(
                    folder,
                    "classes",
                    "the folders "
                            + classes.stream().map(PictureFolderLoader::name).collect(Collectors.joining(", "))
                            + " are splits of a data set and no classes; open one of them");
        }
        if (flat) {
            for (Path c : classes) {
                if (scan.holdsPictures(c)) {
                    throw new BadInputException(
                            folder,
                            "classes",
                            "'" + scan.found.getFirst().name + "' lies beside the folder '" + name(c)
                                    + "': either all pictures are in folders of classes, or none");
                }
            }
        } else {
            for (int label = 0; label < classes.size(); label++) {
                scan.addAll(classes.get(label), label);
            }
        }
        if (scan.found.isEmpty()) {
            throw new BadInputException(
                    folder,
                    "folder",
                    "holds no PNG, JPEG, BMP or GIF, and no folders of them"
                            + (scan.left() > 0 ? "; only " + String.join("; ", scan.leftOut()) : ""));
        }
        List<Scan.Found> found = new ArrayList<>(scan.found);
        found.sort(Comparator.comparingInt(Scan.Found::label).thenComparing(Scan.Found::name, NATURAL));
        List<PictureSamples.Entry> entries = found.stream()
                .map(f -> new PictureSamples.Entry(f.name, f.header.width(), f.header.height()))
                .toList();
        int channels = found.stream().allMatch(f -> f.header.grey()) ? 1 : 3;
        Optional<Labels> labels = flat
                ? Optional.empty()
                : Optional.of(
                        new Labels(found.stream().mapToInt(Scan.Found::label).toArray()));
        List<String> names = flat
                ? List.of()
                : classes.stream().map(PictureFolderLoader::name).toList();
        if (!flat && !sidecar.classes().isEmpty() && sidecar.classes().size() != names.size()) {
            throw new BadInputException(
                    sidecar.file(),
                    "classes",
                    "are " + sidecar.classes().size() + ", there are " + names.size() + " folders");
        }
        return new PictureSamples(
                folder,
                Fingerprint.sha256(folder, cancel),
                entries,
                channels,
                labels,
                flat || sidecar.classes().isEmpty() ? names : sidecar.classes(),
                sidecar.origin(),
                sidecar.preprocessing(),
                sidecar.file(),
                scan.leftOut());
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(p -> !isIgnored(p)).toList();
        }
    }

    private static boolean isIgnored(Path path) {
        return name(path).startsWith(".") || name(path).equals("__MACOSX");
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }

    private static int natural(String a, String b) {
        int i = 0;
        int j = 0;
        while (i < a.length() && j < b.length()) {
            if (isDigit(a.charAt(i)) && isDigit(b.charAt(j))) {
                int endA = digits(a, i);
                int endB = digits(b, j);
                String numberA = a.substring(i, endA).replaceFirst("^0+", "");
                String numberB = b.substring(j, endB).replaceFirst("^0+", "");
                int order = numberA.length() != numberB.length()
                        ? Integer.compare(numberA.length(), numberB.length())
                        : numberA.compareTo(numberB);
                if (order != 0) {
                    return order;
                }
                i = endA;
                j = endB;
            } else {
                if (a.charAt(i) != b.charAt(j)) {
                    return Character.compare(a.charAt(i), b.charAt(j));
                }
                i++;
                j++;
            }
        }
        int order = Integer.compare(a.length() - i, b.length() - j);
        return order != 0 ? order : a.compareTo(b);
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static int digits(String s, int from) {
        int end = from;
        while (end < s.length() && isDigit(s.charAt(end))) {
            end++;
        }
        return end;
    }

    /** One pass over the files of the folder. */
    private static final class Scan {
        private final Path folder;
        private final CancelToken cancel;
        /** Bytes by which a format is recognized. */
        private static final int HEAD = 16;

        private final List<Found> found = new ArrayList<>();
        /** Names of pictures that are not read, by format. */
        private final Map<String, List<String>> skipped = new TreeMap<>();

        record Found(String name, int label, PictureHeader header) {}

        Scan(Path folder, CancelToken cancel) {
            this.folder = folder;
            this.cancel = cancel;
        }

        void addAll(Path below, int label) throws IOException {
            for (Path file : files(below)) {
                add(file, label);
            }
        }

        boolean holdsPictures(Path below) throws IOException {
            for (Path file : files(below)) {
                if (isNamedAsPicture(file)) {
                    FileCheck.check(file, FileKind.Wanted.PICTURE, "PNG, JPEG, BMP and GIF");
                    return true;
                }
            }
            return false;
        }

        private List<Path> files(Path below) throws IOException {
            try (Stream<Path> all = Files.walk(below, MAX_DEPTH, new FileVisitOption[0])) {
                return all.filter(p -> Files.isRegularFile(p)
                                && !isIgnored(p)
                                && StreamSupport.stream(below.relativize(p).spliterator(), false)
                                        .noneMatch(PictureFolderLoader::isIgnored))
                        .toList();
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }

        void add(Path file, int label) throws IOException {
            cancel.check();
            Optional<PictureHeader> header = Pictures.header(file);
            if (header.isEmpty()) {
                Optional<String> format = unread(file);
                if (format.isPresent()) {
                    skipped.computeIfAbsent(format.get(), f -> new ArrayList<>())
                            .add(folder.relativize(file).toString());
                    return;
                }
                if (isNamedAsPicture(file)) {
                    FileCheck.check(file, FileKind.Wanted.PICTURE, "PNG, JPEG, BMP and GIF");
                    throw new BadInputException(
                            file, "picture", "is named as a picture, and is no PNG, JPEG, BMP or GIF");
                }
                return;
            }
            if (found.size() == MAX_FILES) {
                throw new BadInputException(folder, "folder", "holds more than " + MAX_FILES + " pictures");
            }
            found.add(new Found(folder.relativize(file).toString(), label, header.get()));
        }

        /** The format of a picture that is not read; empty if the file is none. */
        private static Optional<String> unread(Path file) throws IOException {
            String ending = ending(file);
            if (!UNREAD.contains(ending) && !ENDINGS.contains(ending)) {
                return Optional.empty();
            }
            try (var in = InputFile.open(file)) {
                Optional<String> format = Pictures.unreadFormat(in.readNBytes(HEAD));
                return format.isPresent() || !UNREAD.contains(ending)
                        ? format
                        : Optional.of(ending.toUpperCase(Locale.ROOT));
            }
        }

        /** The number of pictures whose format is not read. */
        int left() {
            return skipped.values().stream().mapToInt(List::size).sum();
        }

        List<String> leftOut() {
            return skipped.entrySet().stream()
                    .map(e -> e.getValue().size() + " " + e.getKey()
                            + (e.getValue().size() == 1 ? " file, " : " files, such as ")
                            + Collections.min(e.getValue()) + ", of a format that is not read")
                    .toList();
        }

        private static boolean isNamedAsPicture(Path file) {
            return ENDINGS.contains(ending(file)) || UNREAD.contains(ending(file));
        }

        private static String ending(Path file) {
            String name = name(file).toLowerCase(Locale.ROOT);
            return name.substring(name.lastIndexOf('.') + 1);
        }
    }
}
