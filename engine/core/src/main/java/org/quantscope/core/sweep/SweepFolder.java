package org.quantscope.core.sweep;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.ProductVersion;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.json.StrictJson;
import org.quantscope.core.session.FileRef;

/**
 * The folder of a sweep's results. {@value #MANIFEST} says which plan and which files they rest on; {@value #ROWS} holds
 * a line of JSON for each point; {@value #TIMES} holds what differs from run to run. A row is on disk before the next is
 * written. A run that was killed leaves at most half a line at the end, which is cut off and whose point is evaluated
 * again. One process at a time writes.
 */
public final class SweepFolder implements AutoCloseable {
    public static final String MANIFEST = "sweep.json";
    public static final String ROWS = "points.jsonl";
    public static final String TIMES = "times.jsonl";

    /** Where the data is divided, a line for each setting over all parts. */
    public static final String WHOLE = "whole.jsonl";

    private static final String LOCK = "sweep.lock";
    private static final String FORMAT = "quantscope-sweep-results";
    private static final long MAX_MANIFEST = 64L << 20;
    private static final int MAX_ROW = 16 << 20;

    private final Path folder;
    private final FileChannel lockFile;
    private final FileChannel rows;
    private final FileChannel times;
    private final BitSet done;
    private final int half;
    private int refused;
    /** The highest number so far; greater than any if a later row has a smaller one. */
    private int last;

    private boolean inOrder;

    private SweepFolder(Path folder, FileChannel lockFile, FileChannel rows, FileChannel times, Rows found)
            throws IOException {
        this.folder = folder;
        this.lockFile = lockFile;
        this.rows = rows;
        this.times = times;
        this.done = found.done;
        this.half = found.half;
        this.refused = found.refused;
        this.last = found.last;
        this.inOrder = found.inOrder;
        rows.truncate(found.length);
        rows.position(found.length);
        times.position(times.size());
    }

    /** True for a folder in which a sweep has written. */
    public static boolean isOne(Path folder) {
        return Files.isRegularFile(folder.resolve(MANIFEST));
    }

    /**
     * Opens the folder for the results of a plan, and makes it if it is not there.
     *
     * @param points of the plan
     * @throws BadInputException if it holds anything else: results of another plan, of another content of one of its
     *     files, or of another version of this program; if another process writes there; or if a row is damaged
     */
    public static SweepFolder open(Path folder, SweepPlan plan, List<SweepPoint> points, CancelToken cancel)
            throws IOException {
        Map<String, Object> now = manifest(plan, points.size(), cancel);
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new BadInputException(folder, "folder", "is a file");
        }
        Files.createDirectories(folder);
        Path manifest = folder.resolve(MANIFEST);
        FileChannel lock = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        List<FileChannel> open = new ArrayList<>(List.of(lock));
        boolean opened = false;
        try {
            lock(lock, folder);
            if (Files.exists(manifest)) {
                Manifest.read(manifest).check(manifest, now);
            } else {
                if (Files.exists(folder.resolve(ROWS))) {
                    throw new BadInputException(
                            folder, ROWS, "there are rows, and no " + MANIFEST + " that says of what plan");
                }
                AtomicFile.write(manifest, out -> out.write((RowText.of(now) + "\n").getBytes(StandardCharsets.UTF_8)));
            }
            Rows found = Rows.read(folder.resolve(ROWS), points);
            FileChannel rows =
                    FileChannel.open(folder.resolve(ROWS), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            open.add(rows);
            FileChannel times =
                    FileChannel.open(folder.resolve(TIMES), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            open.add(times);
            SweepFolder made = new SweepFolder(folder, lock, rows, times, found);
            opened = true;
            return made;
        } finally {
            if (!opened) {
                for (FileChannel channel : open) {
                    channel.close();
                }
            }
        }
    }

    private static void lock(FileChannel channel, Path folder) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new BadInputException(folder, "folder", "another run is writing there");
        }
    }

    private static Map<String, Object> manifest(SweepPlan plan, int points, CancelToken cancel) throws IOException {
        Map<String, Object> files = new LinkedHashMap<>();
        for (Map.Entry<Path, SweepPlan.Role> file : plan.files().entrySet()) {
            FileRef ref = file.getValue() == SweepPlan.Role.MODEL
                    ? FileRef.ofModel(file.getKey(), cancel)
                    : FileRef.ofData(file.getKey(), cancel);
            files.put(file.getKey().toString(), ref.digest());
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("format", FORMAT);
        fields.put("version", 1);
        fields.put("program", ProductVersion.current());
        fields.put("plan", plan.file().toString());
        fields.put("plan_sha256", plan.sha256());
        fields.put("points", points);
        fields.put("files", files);
        return fields;
    }

    /** What a folder says of itself. */
    record Manifest(Map<String, Object> fields, Map<String, String> files) {
        static Manifest read(Path file) throws IOException {
            Map<String, Object> fields = new LinkedHashMap<>();
            Map<String, String> files = new LinkedHashMap<>();
            StrictJson.read(file, MAX_MANIFEST, MAX_MANIFEST, json -> {
                json.object(name -> {
                    switch (name) {
                        case "format", "program", "plan", "plan_sha256" -> fields.put(name, json.string());
                        case "version", "points" -> fields.put(name, json.integer(0, Integer.MAX_VALUE));
                        case "files" -> json.object(path -> files.put(path, json.string()));
                        default ->
                            throw json.unknown(
                                    "format", "version", "program", "plan", "plan_sha256", "points", "files");
                    }
                });
                return fields;
            });
            return new Manifest(fields, files);
        }

        /** A text of it, such as {@code plan}. */
        String text(Path manifest, String name) {
            if (!(fields.get(name) instanceof String text)) {
                throw new BadInputException(manifest, name, "is missing");
            }
            return text;
        }

        /** Refuses a folder that does not belong to {@code now}, by the name of what differs. */
        void check(Path manifest, Map<String, Object> now) {
            same(manifest, now, "format", "");
            same(manifest, now, "version", "");
            same(manifest, now, "plan_sha256", "holds the results of another plan, " + fields.get("plan") + ": ");
            same(manifest, now, "program", "holds results of another version of the program: ");
            Map<?, ?> present = (Map<?, ?>) Objects.requireNonNull(now.get("files"));
            for (Map.Entry<?, ?> file : present.entrySet()) {
                String then = files.get(String.valueOf(file.getKey()));
                if (then == null) {
                    throw new BadInputException(
                            manifest, "files", file.getKey() + " is not among the files of these results");
                }
                if (!then.equals(file.getValue())) {
                    throw new BadInputException(
                            manifest,
                            "files",
                            file.getKey() + " has another content than in these results: " + then + ", now "
                                    + file.getValue());
                }
            }
            same(manifest, now, "points", "");
        }

        private void same(Path manifest, Map<String, Object> now, String name, String what) {
            Object then = fields.get(name);
            if (!String.valueOf(now.get(name)).equals(String.valueOf(then))) {
                throw new BadInputException(manifest, name, what + now.get(name) + " is needed, got " + then);
            }
        }
    }

    /** The rows that are there, and how far they are whole. */
    private static final class Rows {
        private final BitSet done = new BitSet();
        private long length;
        private int half;
        private int refused;
        private int last = -1;
        private boolean inOrder = true;

        static Rows read(Path file, List<SweepPoint> points) throws IOException {
            Rows rows = new Rows();
            if (!Files.exists(file)) {
                return rows;
            }
            long size = Files.size(file);
            RowFile.forEach(file, MAX_ROW, (line, text, end) -> {
                boolean lastLine = end >= size;
                try {
                    rows.add(file, line, text, points);
                    rows.length = end;
                } catch (BadInputException e) {
                    if (!lastLine) {
                        throw e;
                    }
                    // A power cut may leave a whole line of nothing.
                    rows.half = 1;
                }
            });
            if (rows.length < size) {
                rows.half = 1;
            }
            return rows;
        }

        private void add(Path file, int line, byte[] text, List<SweepPoint> points) throws IOException {
            RowFile.Head head = RowFile.head(file, line, text);
            if (head.point() >= points.size() || !points.get(head.point()).key().equals(head.key())) {
                throw new BadInputException(
                        file, "line " + line, "point " + head.point() + " of the plan has another key: " + head.key());
            }
            if (done.get(head.point())) {
                throw new BadInputException(file, "line " + line, "point " + head.point() + " is there twice");
            }
            done.set(head.point());
            refused += head.refused() ? 1 : 0;
            inOrder &= head.point() > last;
            last = Math.max(last, head.point());
        }
    }

    /** True if a point has its row. */
    public boolean has(int point) {
        return done.get(point);
    }

    /** How many points have their row. */
    public int size() {
        return done.cardinality();
    }

    /** How many rows say why their settings cannot be. */
    public int refused() {
        return refused;
    }

    /** How many half-written rows were cut off when the folder was opened: 0 or 1. */
    public int half() {
        return half;
    }

    /** Adds a row; returns when it is on disk. */
    public void add(SweepRow row) throws IOException {
        if (done.get(row.point())) {
            throw new IllegalArgumentException("point: " + row.point() + " has a row");
        }
        write(rows, row.text());
        rows.force(false);
        Map<String, Object> time = new LinkedHashMap<>();
        time.put("point", row.point());
        time.put("seconds", row.seconds());
        write(times, RowText.of(time));
        done.set(row.point());
        refused += row.refused() ? 1 : 0;
        inOrder &= row.point() > last;
        last = Math.max(last, row.point());
    }

    private static void write(FileChannel channel, String line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /**
     * Puts the rows into the order of the plan, if they came in another, so that two folders of the same plan hold the same
     * bytes, and adds up the parts of the data. The folder is closed after this.
     */
    public void finish(SweepPlan plan, List<SweepPoint> points) throws IOException {
        if (!inOrder) {
            Path file = folder.resolve(ROWS);
            byte[] @Nullable [] lines = new byte[last + 1][];
            RowFile.forEach(
                    file,
                    MAX_ROW,
                    (line, text, end) -> lines[RowFile.head(file, line, text).point()] = text);
            AtomicFile.write(file, out -> {
                for (byte[] line : lines) {
                    if (line != null) {
                        out.write(line);
                        out.write('\n');
                    }
                }
            });
        }
        if (plan.shards() > 1) {
            WholeData.write(folder.resolve(ROWS), MAX_ROW, points, plan.shards(), folder.resolve(WHOLE));
        }
        close();
    }

    @Override
    public void close() throws IOException {
        try (lockFile;
                rows;
                times) {
            // All three are closed, the lock last.
        }
    }
}
