package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A session file of an earlier release, and what that release made of it; the README beside them says how they were made. */
class OldSessionTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    Path folder;

    private Path old;
    private Session session;
    private final Resolver resolver = new Resolver();

    @BeforeEach
    void read() throws IOException {
        old = copy("before-resolver.quantscope.json");
        session = SessionFile.read(old);
    }

    private Path copy(String name) throws IOException {
        Path to = folder.resolve(name);
        try (InputStream in = Objects.requireNonNull(OldSessionTest.class.getResourceAsStream(name), name)) {
            Files.copy(in, to);
        }
        return to;
    }

    @Test
    void resolvesToTheParametersOfThatRelease() throws IOException {
        Model model =
                Engine.open(Path.of(System.getProperty("quantscope.samples"), "digits_mlp.onnx"), session.state());
        ResolvedSettings resolved =
                resolver.resolve(model, session.state(), session.calibration(), Progress.NONE, NEVER);
        Path now = folder.resolve("now.json");
        Exporters.byId("quantscope-json").write(new ExportPlan(model, session, resolved), now, NEVER);

        JsonNode parameters = new JsonMapper().readTree(now).get("resolved");
        assertThat(parameters)
                .hasSize(6)
                .isEqualTo(new JsonMapper()
                        .readTree(copy("before-resolver.exported.json"))
                        .get("resolved"));
    }

    @Test
    void isWrittenAgainAsItWas() throws IOException {
        ActivationRanges ranges = resolver.ranges(session.state(), session.calibration(), NEVER);
        assertThat(ranges).isEqualTo(session.ranges());
        assertThat(ranges.ranges()).hasSize(4);
        assertThat(ranges.levels()).hasSize(4);
        Path again = folder.resolve("again.quantscope.json");

        SessionFile.write(new Session(session.state(), ranges), again);

        assertThat(again).hasSameTextualContentAs(old);
    }

    @Test
    void whatThatReleaseExportedIsASessionWithTheSameContent() throws IOException {
        assertThat(SessionFile.read(copy("before-resolver.exported.json"))).isEqualTo(session);
    }
}
