package org.quantscope.core.fuzz;

import java.nio.file.Path;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.sketch.SketchFile;

/** Sessions, sidecars and what is kept of activations. */
public final class SettingsFuzz {
    private static final Path FOLDER = FuzzedFile.folder();

    private SettingsFuzz() {}

    public static void fuzzerTestOneInput(byte[] content) {
        FuzzedFile.open(FOLDER, "c.quantscope.json", content, SessionFile::read);
        FuzzedFile.open(FOLDER, "c.quantscope.sketches", content, file -> SketchFile.read(file, new CancelToken()));
    }
}
