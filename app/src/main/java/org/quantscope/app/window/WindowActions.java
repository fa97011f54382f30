package org.quantscope.app.window;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javafx.beans.property.ObjectProperty;
import javafx.scene.control.DialogEvent;
import javafx.scene.control.TextInputDialog;
import javafx.stage.Window;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.against.AgainstViewModel;
import org.quantscope.app.command.Command;
import org.quantscope.app.hold.AdaptiveView;
import org.quantscope.app.hold.AdaptiveViewModel;
import org.quantscope.app.hold.RobustnessView;
import org.quantscope.app.hold.RobustnessViewModel;
import org.quantscope.app.proof.ProofViewModel;
import org.quantscope.app.report.ReportView;
import org.quantscope.app.report.ReportViewModel;
import org.quantscope.app.session.ModelFacts;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.app.session.Settings;
import org.quantscope.app.synthetic.SyntheticViewModel;
import org.quantscope.app.ui.Theme;
import org.quantscope.app.where.WhereView;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.glossary.Term;
import org.quantscope.core.improve.EqualizationOffer;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.LessonReader;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.Snapshot;

/** The actions of the window's menus, buttons and keys that need a dialog. Most dialogs leave the window usable. */
final class WindowActions {
    private final ApplicationContext context;
    private final Settings settings;
    private final Dialogs dialogs;
    private final ObjectProperty<Theme> theme;
    private Consumer<Path> folders = folder -> {};
    private @Nullable ReportDialog reporting;
    private @Nullable ImportDialog importing;
    private final OneOfEach once;
    private final ProofViewModel proof;
    private @Nullable GlossaryDialog terms;
    private @Nullable GlassDialog looking;
    private @Nullable PaletteDialog finding;
    private @Nullable HoldDialog worse;
    private @Nullable HoldDialog following;
    private Supplier<List<Command>> commands = List::of;

    WindowActions(ApplicationContext context, Settings settings, Dialogs dialogs, ObjectProperty<Theme> theme) {
        this.context = context;
        this.proof = new ProofViewModel(context.bench(), context.background(), context.session()::openModel);
        this.settings = settings;
        this.dialogs = dialogs;
        this.once = new OneOfEach(dialogs, context.bench());
        this.theme = theme;
    }

    /** Lets the user choose a model or a session to open. */
    void open() {
        dialogs.openFile(
                        "Open a model or a session",
                        "Models and sessions",
                        "*.onnx",
                        "*.safetensors",
                        "*.gguf",
                        "*.tflite",
                        "*.h5",
                        "*.keras",
                        "*.pt",
                        "*.pth",
                        "*.pt2",
                        "*.npz",
                        "*.npy",
                        "*.synthetic",
                        "*.json")
                .ifPresent(file -> {
                    boolean session = file.toString().toLowerCase(Locale.ROOT).endsWith(".json")
                            && !file.toString().endsWith(".index.json");
                    if (session) {
                        context.session().openSession(file);
                    } else {
                        context.session().openModel(file);
                    }
                });
    }

    /** Lets the user choose a synthetic tensor, and opens it as a model. */
    void openSynthetic() {
        SyntheticViewModel model = new SyntheticViewModel(context.background());
        SyntheticDialog dialog = new SyntheticDialog(model, settings, theme.map(Theme::palette));
        dialogs.dress(dialog);
        dialog.resultProperty().subscribe(chosen -> {
            if (Boolean.TRUE.equals(chosen)) {
                try {
                    context.session().openModel(model.write(settings.state().resolve("synthetic")));
                } catch (IOException e) {
                    context.background().problem(e);
                }
            }
        });
        dialog.show();
    }

    /** Lets the user choose the folder of a lesson. */
    void openLesson() {
        dialogs.openFolder("Open the folder of a lesson").ifPresent(this::openLesson);
    }

    /** Lets the user type a name and choose a file, and writes what came of the lesson. */
    void writeSheet() {
        context.lessons().viewProperty().get().ifPresent(v -> {
            TextInputDialog dialog = new TextInputDialog();
            dialog.setTitle("Sheet to hand in");
            dialog.setHeaderText(v.lesson().title());
            dialog.setContentText("Name on the sheet (may be empty):");
            dialog.setGraphic(null);
            dialogs.dress(dialog);
            dialog.showAndWait()
                    .ifPresent(name -> dialogs.saveFile(
                                    "Write the sheet",
                                    Path.of(
                                            System.getProperty("user.home", "."),
                                            v.lesson().id() + ".html"),
                                    "Web page",
                                    "*.html")
                            .ifPresent(file -> context.lessons().writeSheet(file, name)));
        });
    }

    /** The folder in which lessons of the user's own lie. */
    Path lessonsFolder() {
        return settings.state().resolve("lessons");
    }

    /** Begins a lesson of the user's own; one that is broken is refused with its file, line and what is wrong. */
    void openLesson(Path folder) {
        try {
            LessonReader.Read read = LessonReader.read(folder);
            read.lesson()
                    .ifPresent(lesson -> context.lessons()
                            .start(
                                    lesson,
                                    Optional.ofNullable(
                                            Files.isDirectory(folder)
                                                    ? folder
                                                    : folder.toAbsolutePath().getParent())));
            if (read.lesson().isEmpty()) {
                int more = read.problems().size() - 1;
                context.background()
                        .problem(read.problems().getFirst()
                                + (more == 0 ? "" : "; and " + more + " more: quantscope lesson check"));
            }
        } catch (IOException | BadInputException e) {
            context.background().problem(e);
        }
    }

    /** Lets the user choose data and its preprocessing. */
    void prepareData() {
        prepareData(Role.EVALUATION, Optional.empty());
    }

    /** @param opened data that was opened already; if empty, the present data for the role */
    void prepareData(Role role, Optional<Samples> opened) {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        opened.ifPresentOrElse(
                read -> context.input().show(role, read), () -> context.input().show(role));
        DataDialog dialog = new DataDialog(
                context.input(),
                settings,
                folder -> folder
                        ? dialogs.openFolder("Open a folder of pictures")
                        : dialogs.openFile("Open data", "Data", "*.npz", "*.csv", "*.tsv", "*.gz", "*-ubyte", "*.idx"));
        dialogs.dress(dialog);
        dialog.resultProperty().subscribe(used -> {
            if (Boolean.TRUE.equals(used)) {
                context.input().apply();
            }
        });
        dialog.show();
    }

    /** Sets what shows a folder in the file browser of the system. */
    void setFolderOpener(Consumer<Path> opener) {
        folders = opener;
    }

    /** Opens the export dialog, or brings the open one to the front. */
    void export() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        once.show(
                ExportDialog.class,
                () -> new ExportDialog(context.export(), context.targets(), settings, new ExportDialog.Places() {
                    @Override
                    public Optional<Path> browse(Exporter exporter, Path suggestion) {
                        return dialogs.saveFile(
                                "Export " + exporter.title(), suggestion, exporter.title(), "*" + exporter.extension());
                    }

                    @Override
                    public boolean mayReplace(Path file, Window window) {
                        return dialogs.mayReplace(file, window);
                    }

                    @Override
                    public void open(Path folder) {
                        folders.accept(folder);
                    }
                }));
    }

    /** Opens the short way from a model to a file, or brings the open one to the front. */
    void where() {
        once.show(
                WhereDialog.class,
                () -> new WhereDialog(context.where(), context.export(), settings, new WhereView.Places() {
                    @Override
                    public void openModel() {
                        WindowActions.this.open();
                    }

                    @Override
                    public void chooseData() {
                        prepareData();
                    }

                    @Override
                    public Optional<Path> browse(Exporter exporter, Path suggestion) {
                        return dialogs.saveFile(
                                "Write for " + exporter.title(),
                                suggestion,
                                exporter.title(),
                                "*" + exporter.extension());
                    }

                    @Override
                    public boolean mayReplace(Path file) {
                        return once.window(WhereDialog.class)
                                .map(w -> dialogs.mayReplace(file, w))
                                .orElse(true);
                    }

                    @Override
                    public void open(Path folder) {
                        folders.accept(folder);
                    }
                }));
    }

    /** Opens the dialog that writes a report, or brings the open one to the front. */
    void report() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        if (reporting != null) {
            reporting.getDialogPane().getScene().getWindow().requestFocus();
            return;
        }
        ReportDialog dialog = new ReportDialog(context.report(), settings, new ReportView.Places() {
            @Override
            public Optional<Path> browse(ReportViewModel.Form form, Path suggestion) {
                return dialogs.saveFile("Write the report", suggestion, form.title(), "*" + form.ending());
            }

            @Override
            public boolean mayReplace(Path file) {
                return reporting == null
                        || dialogs.mayReplace(
                                file, reporting.getDialogPane().getScene().getWindow());
            }

            @Override
            public void open(Path folder) {
                folders.accept(folder);
            }
        });
        dialogs.dress(dialog);
        GoingBack.install(dialog.getDialogPane().getScene(), context.bench());
        reporting = dialog;
        // The suggested file is that of this model.
        Subscription model = context.bench().modelProperty().subscribe((was, is) -> dialog.close());
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> {
            model.unsubscribe();
            reporting = null;
        });
        dialog.show();
    }

    /** Opens the dialog for a bit budget, or brings the open one to the front. */
    void mixedPrecision() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        once.show(
                BudgetDialog.class,
                () -> new BudgetDialog(
                        context.budget(), settings, () -> prepareData(Role.CALIBRATION, Optional.empty())));
    }

    /** Lets the user choose a file with settings of another tool. */
    void importRanges() {
        context.bench()
                .modelProperty()
                .get()
                .flatMap(model -> dialogs.openFileBeside(
                        model.file().path(),
                        "Import ranges",
                        "Settings of other tools",
                        "*.onnx",
                        "*.json",
                        "*.encodings",
                        "*.cache",
                        "*.txt",
                        "*.safetensors",
                        "*.npz",
                        "*.tflite",
                        "*.gguf"))
                .ifPresent(this::importRanges);
    }

    /** Shows which settings in {@code file} belong to the open model. */
    void importRanges(Path file) {
        if (importing != null) {
            importing.close();
        }
        context.imports().open(file);
        ImportDialog dialog = new ImportDialog(context.imports(), settings, theme);
        dialogs.dress(dialog);
        GoingBack.install(dialog.getDialogPane().getScene(), context.bench());
        importing = dialog;
        // The settings are for this model, so the dialog closes when another model is opened.
        Subscription model = context.bench().modelProperty().subscribe((was, is) -> dialog.close());
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> {
            model.unsubscribe();
            if (Boolean.TRUE.equals(dialog.getResult())) {
                context.imports().apply();
            }
            context.imports().close();
            importing = null;
        });
        dialog.show();
    }

    /** Shows what in the file of the open model is quantized, or brings the open page to the front. */
    void proof() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        proof.look();
        once.show(
                ProofDialog.class,
                () -> new ProofDialog(
                        proof, settings, () -> modelFile("The float original"), () -> modelFile("A quantized model")));
    }

    private Optional<Path> modelFile(String title) {
        return dialogs.openFile(
                title,
                "Models",
                "*.onnx",
                "*.safetensors",
                "*.gguf",
                "*.tflite",
                "*.h5",
                "*.keras",
                "*.pt",
                "*.pth",
                "*.pt2",
                "*.npz");
    }

    /** Shows what is known of the open model. */
    void aboutModel() {
        context.bench().modelProperty().get().ifPresent(model -> {
            AboutModelDialog dialog = new AboutModelDialog(
                    Invisible.escaped(model.file().path().getFileName().toString()), ModelFacts.of(model));
            dialogs.dress(dialog);
            dialog.show();
        });
    }

    /** Makes the ranges of channels between layers equal. */
    void equalize() {
        context.corrections().apply(Corrections.byId(EqualizationOffer.CORRECTION));
    }

    /** Opens the dialog that improves the settings in one go, or brings the open one to the front. */
    void improve() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        once.show(
                ImproveDialog.class,
                () -> new ImproveDialog(
                        context.improve(), settings, () -> prepareData(Role.CALIBRATION, Optional.empty())));
    }

    /** Opens the dialog that compares the model with a deployed form, or brings the open one to the front. */
    void compare() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        once.show(
                CompareDialog.class,
                () -> new CompareDialog(
                        context.compare(),
                        settings,
                        theme,
                        () -> dialogs.openFile(
                                "Compare with a deployed model", "Deployed models", "*.onnx", "*.tflite"),
                        () -> dialogs.openFolder("Compare with dumped values"),
                        () -> prepareData(Role.EVALUATION, Optional.empty())));
    }

    /** Opens the dialog that judges the calibration data, or brings the open one to the front. */
    void judgeCalibration() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        once.show(
                CalibrationDialog.class,
                () -> new CalibrationDialog(
                        context.calibrationQuality(),
                        settings,
                        theme,
                        () -> prepareData(Role.CALIBRATION, Optional.empty())));
    }

    /** Opens the dialog with the results of a sweep, or brings the open one to the front. */
    void openSweep() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        once.show(SweepDialog.class, () -> new SweepDialog(context.sweep(), settings, this::chooseSweep));
    }

    /** Opens the results of a sweep. */
    void openSweep(Path folder) {
        openSweep();
        context.sweep().open(folder);
    }

    private void chooseSweep() {
        dialogs.openFolder("Open the folder of a sweep").ifPresent(context.sweep()::open);
    }

    /** Opens the dialog with other data beside the calibration data, or brings the open one to the front. */
    void compareData() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        once.show(
                OtherDialog.class,
                () -> new OtherDialog(
                        context.otherData(),
                        settings,
                        theme,
                        () -> dialogs.openFile(
                                        "Compare with other data",
                                        "Data",
                                        "*.npz",
                                        "*.csv",
                                        "*.tsv",
                                        "*.gz",
                                        "*-ubyte",
                                        "*.idx")
                                .ifPresent(context.otherData()::compare),
                        () -> dialogs.openFolder("Compare with a folder of pictures")
                                .ifPresent(context.otherData()::compare),
                        () -> prepareData(Role.CALIBRATION, Optional.empty())));
    }

    /** Opens the dialog with what each correction would bring, or brings the open one to the front. */
    void expected() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        once.show(
                ExpectedDialog.class,
                () -> new ExpectedDialog(
                        context.corrections(), settings, () -> prepareData(Role.CALIBRATION, Optional.empty())));
    }

    /** Opens the dialog that trains what quantization broke. */
    void recover() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        RecoverDialog dialog = new RecoverDialog(
                context.recover(), theme, settings, () -> prepareData(Role.CALIBRATION, Optional.empty()));
        dialogs.dress(dialog);
        dialog.show();
    }

    /** Keeps the present settings under a name. */
    void takeSnapshot() {
        context.snapshots().take();
    }

    /** Lets the user type another name for a snapshot. */
    void renameSnapshot(Snapshot snapshot) {
        TextInputDialog dialog = new TextInputDialog(snapshot.name());
        dialog.setTitle("Rename snapshot");
        dialog.setHeaderText(null);
        dialog.setContentText("Name of the snapshot:");
        dialog.setGraphic(null);
        dialogs.dress(dialog);
        dialog.getEditor().setId("snapshot-new-name");
        dialog.showAndWait().ifPresent(name -> context.snapshots().rename(snapshot, name));
    }

    /** Compares snapshots with each other and with the settings in hand. */
    void against(Optional<Snapshot> first) {
        List<Snapshot> all = context.bench()
                .stateProperty()
                .get()
                .map(SessionState::snapshots)
                .orElse(List.of());
        if (all.isEmpty()) {
            return;
        }
        context.against().show(first.orElse(all.getLast()).name(), AgainstViewModel.NOW);
        once.show(AgainstDialog.class, () -> new AgainstDialog(context.against(), settings, theme.map(Theme::palette)));
    }

    /** Shows both models on samples that get worse. */
    void robustness() {
        if (worse != null) {
            worse.getDialogPane().getScene().getWindow().requestFocus();
            return;
        }
        RobustnessViewModel model = context.robustness();
        RobustnessView view = new RobustnessView(model, theme.get().palette());
        HoldDialog dialog = new HoldDialog(
                "Robustness",
                "robustness",
                "_Curve on all samples",
                view,
                settings,
                () -> model.viewProperty().get().running(),
                model::start,
                model::stop);
        Subscription watching = model.viewProperty()
                .subscribe(v -> dialog.show(
                        v.running(), v.obstacle().isEmpty() && v.chosen().isPresent()));
        Subscription looks = theme.subscribe(now -> view.setPalette(now.palette()));
        dialogs.dress(dialog);
        GoingBack.install(dialog.getDialogPane().getScene(), context.bench());
        worse = dialog;
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> {
            worse = null;
            watching.unsubscribe();
            looks.unsubscribe();
            view.close();
            model.close();
        });
        model.open();
        dialog.show();
    }

    /** Compares ranges that follow the data with fixed ones. */
    void adaptive() {
        if (following != null) {
            following.getDialogPane().getScene().getWindow().requestFocus();
            return;
        }
        AdaptiveViewModel model = context.adaptive();
        AdaptiveView view = new AdaptiveView(
                model,
                () -> dialogs.openFile(
                                "Report on other data too",
                                "Data",
                                "*.npz",
                                "*.csv",
                                "*.tsv",
                                "*.gz",
                                "*-ubyte",
                                "*.idx")
                        .ifPresent(model::add));
        HoldDialog dialog = new HoldDialog(
                "Ranges that follow the data",
                "adaptive",
                "_Compare",
                view,
                settings,
                () -> model.viewProperty().get().running(),
                model::start,
                model::stop);
        Subscription watching = model.viewProperty()
                .subscribe(v -> dialog.show(v.running(), v.obstacle().isEmpty()));
        dialogs.dress(dialog);
        GoingBack.install(dialog.getDialogPane().getScene(), context.bench());
        following = dialog;
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> {
            following = null;
            watching.unsubscribe();
            view.close();
            model.stop();
        });
        dialog.show();
    }

    /** Sets what the palette finds, asked each time it opens. */
    void setCommands(Supplier<List<Command>> all) {
        commands = all;
    }

    /** Opens the palette, or brings the open one to the front. */
    void palette() {
        if (finding != null) {
            finding.getDialogPane().getScene().getWindow().requestFocus();
            return;
        }
        PaletteDialog dialog = new PaletteDialog(commands.get(), settings);
        dialogs.dress(dialog);
        finding = dialog;
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> finding = null);
        dialog.show();
    }

    /** Opens the list of all edits, or brings the open one to the front. */
    void history() {
        if (context.bench().modelProperty().get().isEmpty()) {
            return;
        }
        once.show(HistoryDialog.class, () -> new HistoryDialog(context.bench(), settings));
    }

    /** Starts a lesson. */
    void startLesson(Lesson lesson) {
        context.lessons().start(lesson, Optional.empty());
    }

    /** Puts a value of the selected tensor under the glass. */
    void glass(double value) {
        context.glass().showValue(value);
        showGlass();
    }

    /** Puts the first value of the selected tensor under the glass. */
    void glass() {
        context.glass().showFirst();
        showGlass();
    }

    private void showGlass() {
        if (context.glass().viewProperty().get().isEmpty()) {
            return;
        }
        if (looking == null) {
            GlassDialog dialog = new GlassDialog(context.glass(), settings);
            dialogs.dress(dialog);
            GoingBack.install(dialog.getDialogPane().getScene(), context.bench());
            looking = dialog;
            dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> looking = null);
            dialog.show();
        }
    }

    /** Opens the page of all terms, at one of them if one is given; or brings the open one to the front. */
    void glossary(Optional<Term> term) {
        if (terms == null) {
            GlossaryDialog dialog = new GlossaryDialog(context.explain(), this::startLesson, settings);
            dialogs.dress(dialog);
            terms = dialog;
            dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> terms = null);
            dialog.show();
        } else {
            terms.getDialogPane().getScene().getWindow().requestFocus();
        }
        terms.choose(term);
    }

    /** Opens the list of keyboard shortcuts. */
    void showKeys() {
        KeysDialog dialog = new KeysDialog();
        dialogs.dress(dialog);
        dialog.show();
    }

    /** Switches between the light and the dark theme. */
    void switchTheme() {
        theme.set(theme.get().other());
    }
}
