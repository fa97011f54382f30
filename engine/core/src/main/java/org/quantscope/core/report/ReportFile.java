package org.quantscope.core.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import org.quantscope.core.io.AtomicFile;

/** Writes a report in the form that the name of its file asks for. */
public final class ReportFile {
    private ReportFile() {}

    /**
     * Checks the name and returns the file.
     *
     * @throws IllegalArgumentException if it ends in neither {@code .html} nor {@code .pdf}
     */
    public static Path checked(Path file) {
        if (!endsIn(file, ".html") && !endsIn(file, ".pdf")) {
            throw new IllegalArgumentException("a report is written as .html or .pdf, got " + file.getFileName());
        }
        return file;
    }

    /**
     * Writes the whole file or nothing.
     *
     * @throws IllegalArgumentException as {@link #checked}
     */
    public static void write(Report report, Path file) throws IOException {
        checked(file);
        AtomicFile.write(file, out -> {
            if (endsIn(file, ".pdf")) {
                PdfReport.write(report, out);
            } else {
                out.write(HtmlReport.of(report).getBytes(StandardCharsets.UTF_8));
            }
        });
    }

    private static boolean endsIn(Path file, String extension) {
        return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).endsWith(extension);
    }
}
