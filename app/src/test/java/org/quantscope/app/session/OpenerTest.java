package org.quantscope.app.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quantscope.testkit.TinyModels.external;
import static org.quantscope.testkit.TinyModels.graph;
import static org.quantscope.testkit.TinyModels.model;
import static org.quantscope.testkit.TinyModels.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.testkit.ArrayFiles;

class OpenerTest {
    @TempDir
    Path folder;

    @Test
    void aSessionOfOtherExternalValuesAsksAndNamesTheirFile() throws IOException {
        CancelToken cancel = new CancelToken();
        Files.write(folder.resolve("w.data"), ArrayFiles.f4(1, 2));
        Path onnx = Files.write(
                folder.resolve("m.onnx"),
                model(
                                13,
                                graph(node("MatMul", List.of("x", "w"), "y"))
                                        .addInitializer(external("w", new long[] {2, 1}, "location", "w.data")))
                        .build()
                        .toByteArray());
        FileRef before = FileRef.ofModel(onnx, cancel);
        Resumption session = resumption(before);
        assertThat(Opener.resume(session, cancel))
                .isInstanceOfSatisfying(
                        Opened.Bench.class,
                        bench -> assertThat(bench.state().model()).isEqualTo(before));

        Files.write(folder.resolve("w.data"), ArrayFiles.f4(1, 3));

        assertThat(Opener.resume(session, cancel)).isInstanceOfSatisfying(Opened.Changed.class, changed -> {
            assertThat(changed.role()).isEqualTo(Role.MODEL);
            assertThat(changed.file()).isEqualTo("w.data");
            assertThat(changed.now().differsFrom(before)).contains("w.data");
        });
        // A session of an older version did not record it, which is said.
        assertThat(Opener.resume(resumption(new FileRef(before.path(), before.sha256())), cancel))
                .isInstanceOfSatisfying(
                        Opened.Bench.class,
                        bench -> assertThat(bench.notes())
                                .containsExactly(
                                        "the session does not record what was in w.data: whether it has changed is"
                                                + " not known"));
    }

    private Resumption resumption(FileRef model) {
        return Resumption.of(folder.resolve("s.json"), Session.of(SessionState.of(model)));
    }
}
