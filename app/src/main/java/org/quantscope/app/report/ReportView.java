package org.quantscope.app.report;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.OverrunStyle;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.report.ReportViewModel.Form;
import org.quantscope.app.report.ReportViewModel.Status;
import org.quantscope.app.ui.Segments;
import org.quantscope.core.io.Invisible;

/** Chooses the form and the file of a report, shows how far it is, and then where it lies. */
public final class ReportView extends VBox {
    /** What the view needs others for. */
    public interface Places {
        /** Lets the user choose the file to write. */
        Optional<Path> browse(Form form, Path suggestion);

        /** Asks whether an existing file may be replaced. */
        boolean mayReplace(Path file);

        /** Shows a folder in the file browser of the system. */
        void open(Path folder);
    }

    private static final double GAP = 10;
    private static final double WIDE = 16;

    private final ReportViewModel model;
    private final Places places;
    private final TextField file = new TextField();
    private final Label fileNote = new Label();
    private final Label waits = new Label();
    private final VBox status = new VBox(GAP);
    private final Label what = new Label();
    private final ProgressBar bar = new ProgressBar();
    private final HBox running;
    private final Button cancel;
    private final ReadOnlyBooleanWrapper ready = new ReadOnlyBooleanWrapper();
    private final Subscription following;
    private Form form;
    /** A file that the system's own dialog has already asked about. */
    private @Nullable Path agreed;

    public ReportView(ReportViewModel model, Places places) {
        super(WIDE);
        this.model = model;
        this.places = places;
        this.form = model.form();
        setPadding(new Insets(GAP));
        Segments forms = new Segments(Form.HTML.title(), Form.PDF.title())
                .describe(0, "report-html", "One file that opens in any browser, offline, light and dark")
                .describe(1, "report-pdf", "The same content on pages");
        forms.choose(form.ordinal());
        forms.setOnChoose(i -> choose(Form.values()[i]));
        Label rests = new Label(Invisible.escaped(model.rests()));
        rests.setId("report-rests");
        rests.getStyleClass().add("hint");
        rests.setWrapText(true);
        rests.setMinHeight(Region.USE_PREF_SIZE);
        waits.setId("report-waits");
        waits.getStyleClass().add("warning");
        waits.setWrapText(true);
        waits.managedProperty().bind(waits.textProperty().isNotEmpty());
        status.setId("report-status");
        status.getStyleClass().add("export-status");
        status.setMinHeight(Region.USE_PREF_SIZE);
        status.managedProperty().bind(status.visibleProperty());
        what.setId("report-progress");
        bar.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(bar, Priority.ALWAYS);
        cancel = button("Ca_ncel", "report-cancel", "Cancel; nothing is written", model::cancel);
        running = new HBox(GAP, what, bar, cancel);
        running.setAlignment(Pos.CENTER_LEFT);
        getChildren().addAll(forms, rests, where(), waits, status);
        file.setText(model.suggestion(form).toString());
        file.textProperty().subscribe(x -> check());
        following = model.statusProperty()
                .subscribe(this::show)
                .and(model.waitsForProperty().subscribe(why -> {
                    waits.setText(Invisible.escaped(why));
                    check();
                }));
    }

    private HBox where() {
        file.setId("report-file");
        file.setAccessibleText("File to write");
        HBox.setHgrow(file, Priority.ALWAYS);
        Label name = new Label("_File");
        name.setMnemonicParsing(true);
        name.setMinWidth(Region.USE_PREF_SIZE);
        name.setLabelFor(file);
        fileNote.setId("report-file-note");
        fileNote.getStyleClass().addAll("hint", "warning");
        fileNote.managedProperty().bind(fileNote.textProperty().isNotEmpty());
        fileNote.setMinWidth(Region.USE_PREF_SIZE);
        Button browse = button(
                "_Browse…",
                "report-browse",
                "Choose the file in the system’s dialog",
                () -> path().or(() -> Optional.of(model.suggestion(form)))
                        .flatMap(p -> places.browse(form, p))
                        .ifPresent(p -> {
                            agreed = p;
                            file.setText(p.toString());
                        }));
        HBox where = new HBox(GAP, name, file, fileNote, browse);
        where.setAlignment(Pos.CENTER_LEFT);
        return where;
    }

    private void choose(Form next) {
        String text = file.getText();
        if (text.endsWith(form.ending())) {
            file.setText(text.substring(0, text.length() - form.ending().length()) + next.ending());
        }
        form = next;
        check();
    }

    /** Writes the report, if that is possible; asks before a file is replaced. */
    public void write() {
        Predicate<Path> free = p -> p.equals(agreed) || !Files.exists(p) || places.mayReplace(p);
        path().filter(p -> ready.get()).filter(free).ifPresent(p -> {
            agreed = null;
            model.write(form, p);
        });
    }

    private Optional<Path> path() {
        try {
            return file.getText().isBlank()
                    ? Optional.empty()
                    : Optional.of(Path.of(file.getText().strip()));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private void check() {
        String problem = path().map(this::problem).orElse("This is not a valid file name.");
        fileNote.setText(
                !problem.isEmpty() ? problem : path().filter(Files::exists).isPresent() ? "exists already" : "");
        ready.set(problem.isEmpty()
                && model.waitsForProperty().get().isEmpty()
                && !(model.statusProperty().get() instanceof Status.Running));
    }

    private String problem(Path to) {
        Path folder = to.toAbsolutePath().normalize().getParent();
        return !to.toString().endsWith(form.ending())
                ? "Its name must end with " + form.ending() + "."
                : Files.isDirectory(to)
                        ? "This is a folder."
                        : folder == null || !Files.isDirectory(folder) ? "There is no such folder." : "";
    }

    private void show(Status now) {
        boolean begins = now instanceof Status.Running && !status.getChildren().contains(running);
        status.setVisible(!(now instanceof Status.None));
        switch (now) {
            case Status.None() -> status.getChildren().clear();
            case Status.Running(Path target, String step, double fraction) -> {
                what.setText(Invisible.escaped(step));
                bar.setProgress(fraction);
                bar.setAccessibleText("Writing " + Invisible.escaped(String.valueOf(target.getFileName())));
                if (begins) {
                    status.getChildren().setAll(running);
                    cancel.requestFocus();
                }
            }
            case Status.Refused(String why) -> {
                Label sentence = new Label("✕ " + Invisible.escaped(why));
                sentence.setId("report-refused");
                sentence.getStyleClass().add("loss");
                sentence.setWrapText(true);
                sentence.setMinHeight(USE_PREF_SIZE);
                status.getChildren().setAll(sentence);
            }
            case Status.Written written -> status.getChildren().setAll(written(written));
        }
        check();
    }

    private Node written(Status.Written written) {
        Label path = new Label("✓ " + Invisible.escaped(written.file().toString()));
        path.setId("report-path");
        path.getStyleClass().add("title");
        path.setTextOverrun(OverrunStyle.CENTER_ELLIPSIS);
        path.setMinWidth(0);
        path.setMaxWidth(Double.MAX_VALUE);
        path.setTooltip(new Tooltip(Invisible.escaped(written.file().toString())));
        HBox.setHgrow(path, Priority.ALWAYS);
        Consumer<Path> opener = places::open;
        HBox line = new HBox(
                GAP,
                path,
                button(
                        "Open f_older",
                        "report-folder",
                        "Show the folder in the system’s file browser",
                        () -> opener.accept(written.file().resolveSibling(""))));
        line.setAlignment(Pos.CENTER_LEFT);
        Label summary = new Label(Invisible.escaped(written.summary()));
        summary.setId("report-summary");
        summary.getStyleClass().add("hint");
        summary.setWrapText(true);
        return new VBox(GAP, line, summary);
    }

    private static Button button(String text, String id, String tip, Runnable action) {
        Button button = new Button(text);
        button.setMnemonicParsing(true);
        button.setId(id);
        button.setMinWidth(Region.USE_PREF_SIZE);
        button.setTooltip(new Tooltip(tip));
        button.setOnAction(e -> action.run());
        return button;
    }

    /** Focuses the file. */
    public void focusFirst() {
        file.requestFocus();
    }

    /** True if {@link #write} would begin. */
    public ReadOnlyBooleanProperty readyProperty() {
        return ready.getReadOnlyProperty();
    }

    /** Stops following the report. */
    public void close() {
        following.unsubscribe();
    }
}
