package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.SessionFile;

/**
 * What became of reading an exported file again.
 *
 * @param text for people, one line
 */
record Verification(Json json, String text) {
    static Verification of(Exporter exporter, ExportPlan plan, Path file, @Nullable Path data, int limit, Terminal terminal, CancelToken cancel)
            throws IOException {
        boolean same = SessionFile.read(file).equals(plan.state());
        return new Verification(new Json().put("by", "re-read"), same ? "verified: it reads back as the same session" : "");
    }
}
