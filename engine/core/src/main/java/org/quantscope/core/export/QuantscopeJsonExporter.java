package org.quantscope.core.export;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.SessionFile;

/**
 * Our own config with everything resolved: the session file, which then also holds the scale, zero point and effective
 * range of every quantized tensor and where they come from. {@link SessionFile#read} opens it like any other session.
 */
public final class QuantscopeJsonExporter extends FileFormat {
    public QuantscopeJsonExporter() {
        super("quantscope-json", "Quantscope config (JSON)", "docs/config-schema.md", ".json", Set.of());
    }

    /** No problems: this file can express every setting. */
    @Override
    public boolean carriesCodes() {
        return true;
    }

    @Override
    public List<ExportProblem> check(ExportPlan plan) {
        return List.of();
    }

    @Override
    public List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException {
        Path place = plan.place().orElse(file);
        try (OutputStream out =
                new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW), 1 << 16)) {
            SessionFile.writeResolved(plan.session(), plan.resolved(), place, out, cancel);
        }
        if (!SessionFile.read(file, place).equals(plan.session())) {
            throw new IllegalStateException(file.getFileName() + " does not read back as what was written");
        }
        return List.of(file);
    }
}
