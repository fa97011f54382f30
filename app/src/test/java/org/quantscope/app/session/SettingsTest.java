package org.quantscope.app.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
    @TempDir
    Path folder;

    @Test
    void theWriterWritesWhatWasSetWhenItWasAsked() throws Exception {
        Queue<Runnable> waiting = new ArrayDeque<>();
        Writer writer = new Writer(waiting::add);
        Settings settings = new Settings(folder);
        settings.setText("page", "codes");
        writer.replace("settings", settings.save(), e -> {});
        settings.setText("page", "graph");
        assertThat(folder.resolve("window.properties")).doesNotExist();

        waiting.remove().run();
        assertThat(new Settings(folder).text("page")).contains("codes");
    }

    @Test
    void whateverIsSetIsToldOnceAndASettingThatStaysIsNot() {
        List<String> told = new ArrayList<>();
        Settings settings = new Settings(folder);
        settings.onChange(() -> told.add("changed"));
        settings.setNumber("column.left", 0.25);
        settings.setNumber("column.left", 0.25);
        settings.setDark(false);
        settings.addRecent(folder.resolve("model.onnx"));
        assertThat(told).hasSize(3);
    }

    @Test
    void twoWindowsOnOneHomeKeepEachOthersSettings() throws Exception {
        Path a = folder.resolve("a.onnx");
        Path b = folder.resolve("b.onnx");
        Path c = folder.resolve("c.onnx");
        Settings first = new Settings(folder);
        first.addRecent(a);
        first.setText("page", "codes");
        first.save().run();
        Settings second = new Settings(folder);
        first.addRecent(b);
        first.setDark(false);
        first.save().run();
        second.addRecent(c);
        second.setNumber("divider.left", 0.25);
        second.save().run();
        second.setDark(true);
        second.save().run();
        first.removeRecent(a);
        first.save().run();

        Settings third = new Settings(folder);
        assertThat(third.recent()).containsExactlyInAnyOrder(b, c);
        assertThat(third.dark()).isTrue();
        assertThat(third.text("page")).contains("codes");
        assertThat(third.number("divider.left")).hasValue(0.25);
    }

    @Test
    void aFailureIsToldToWhoeverAskedTheWriter() throws Exception {
        Path file = Files.writeString(folder.resolve("in the way"), "no folder");
        Writer writer = new Writer(Runnable::run);
        List<Exception> failed = new ArrayList<>();
        writer.replace("settings", new Settings(file).save(), failed::add);
        assertThat(failed).hasSize(1);
    }
}
