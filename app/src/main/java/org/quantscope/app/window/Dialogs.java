package org.quantscope.app.window;

import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javafx.beans.property.SimpleDoubleProperty;
import javafx.beans.value.ObservableValue;
import javafx.geometry.Rectangle2D;
import javafx.scene.Scene;
import javafx.scene.control.Alert;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBar;
import javafx.scene.control.ButtonType;
import javafx.scene.control.Dialog;
import javafx.scene.control.DialogEvent;
import javafx.scene.control.DialogPane;
import javafx.scene.control.ListView;
import javafx.scene.control.TableView;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.Region;
import javafx.stage.DirectoryChooser;
import javafx.stage.FileChooser;
import javafx.stage.Screen;
import javafx.stage.Window;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.SessionViewModel;
import org.quantscope.app.session.UnsavedWork;
import org.quantscope.app.ui.Scaled;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.session.FileRef;

/** Asks the questions in dialogs over the window. */
final class Dialogs implements Questions {
    /** What to do with a dropped model that also holds settings for the open model. */
    enum Take {
        /** Open it in place of the open model. */
        MODEL,
        /** Import its settings. */
        SETTINGS,
        NOTHING
    }

    private static final double FONT = 13;
    /** The pixels that the frame of a window manager takes at most, across or down. */
    private static final double FRAME = 48;

    private final Supplier<Window> owner;
    private final ObservableValue<Theme> theme;
    private Consumer<Scene> scenes = scene -> {};
    private ObservableValue<Number> scale = new SimpleDoubleProperty(1);
    private BiConsumer<Role, Samples> prepare = (role, samples) -> {};
    private BiFunction<FileChooser, Window, @Nullable File> toOpen = FileChooser::showOpenDialog;

    Dialogs(Supplier<Window> owner, ObservableValue<Theme> theme) {
        this.owner = owner;
        this.theme = theme;
    }

    @Override
    public Unsaved unsaved(String name) {
        ButtonType save = new ButtonType("Save", ButtonBar.ButtonData.YES);
        ButtonType discard = new ButtonType("Don’t save", ButtonBar.ButtonData.NO);
        ButtonType answer = ask(
                "Unsaved changes",
                "The settings for " + Invisible.escaped(name) + " have changed. Save them first?",
                save,
                discard,
                ButtonType.CANCEL);
        return answer == save ? Unsaved.SAVE : answer == discard ? Unsaved.DISCARD : Unsaved.STAY;
    }

    @Override
    public void howToPrepare(Role role, Samples samples) {
        prepare.accept(role, samples);
    }

    /** Sets how large dialogs are shown. */
    void setScale(ObservableValue<Number> shown) {
        scale = shown;
    }

    /** Sets what is told of the scene of every dialog. */
    void setOnScene(Consumer<Scene> told) {
        scenes = told;
    }

    /** Sets what lets the user decide how data is to be prepared. */
    void setPrepare(BiConsumer<Role, Samples> asks) {
        prepare = asks;
    }

    /** Lets the user choose a folder to read. */
    Optional<Path> openFolder(String title) {
        DirectoryChooser chooser = new DirectoryChooser();
        chooser.setTitle(title);
        return Optional.ofNullable(chooser.showDialog(owner.get())).map(File::toPath);
    }

    @Override
    public Optional<Path> whereToSave(Path suggestion) {
        FileChooser chooser = chooser("Save session", "Quantscope session", "*" + SessionViewModel.EXTENSION);
        inFolder(chooser, suggestion);
        chooser.setInitialFileName(String.valueOf(suggestion.getFileName()));
        return Optional.ofNullable(chooser.showSaveDialog(owner.get())).map(File::toPath);
    }

    @Override
    public Optional<Path> whichReference(Path model) {
        return openFileBeside(model, "Compare with a float model", "ONNX models", "*.onnx");
    }

    @Override
    public Optional<Path> whereIs(Role role, FileRef missing) {
        ButtonType find = new ButtonType("Find it…", ButtonBar.ButtonData.YES);
        ButtonType without =
                role == Role.MODEL ? ButtonType.CANCEL : new ButtonType("Go on without it", ButtonBar.ButtonData.NO);
        ButtonType answer = ask(
                "The " + role.title() + " has moved",
                Invisible.escaped(missing.path().toString()) + " is not there any more.",
                find,
                without);
        if (answer != find) {
            return Optional.empty();
        }
        String name = Invisible.escaped(String.valueOf(missing.path().getFileName()));
        return !role.isModel() && !name.contains(".")
                ? openFolder("Where is " + name + "?")
                : openFile("Where is " + name + "?", role.title(), "*.*");
    }

    @Override
    public boolean acceptChanged(Role role, String file) {
        ButtonType use = new ButtonType("Use it", ButtonBar.ButtonData.YES);
        ButtonType without =
                role == Role.MODEL ? ButtonType.CANCEL : new ButtonType("Go on without it", ButtonBar.ButtonData.NO);
        return ask(
                        "The " + role.title() + " has changed",
                        Invisible.escaped(file) + " is not what this session was made with. Use it all the same?",
                        use,
                        without)
                == use;
    }

    @Override
    public Resume resume(List<UnsavedWork> found) {
        while (true) {
            UnsavedWorkDialog dialog = new UnsavedWorkDialog(found);
            dress(dialog);
            Resume answer = dialog.showAndWait().orElse(new Resume.Later());
            if (!(answer instanceof Resume.Discard(UnsavedWork work)) || mayDiscard(work)) {
                return answer;
            }
        }
    }

    private boolean mayDiscard(UnsavedWork work) {
        ButtonType discard = new ButtonType("_Discard", ButtonBar.ButtonData.LEFT);
        return ask(
                        "Discard unsaved work?",
                        "The unsaved settings for " + Invisible.escaped(work.name()) + " cannot be brought back.",
                        discard,
                        ButtonType.CANCEL)
                == discard;
    }

    /** Lets the user choose a file to read. */
    Optional<Path> openFile(String title, String kind, String... patterns) {
        return open(chooser(title, kind, patterns));
    }

    private Optional<Path> open(FileChooser chooser) {
        return Optional.ofNullable(toOpen.apply(chooser, owner.get())).map(File::toPath);
    }

    /** The system's dialog is none of this program's windows, so a test answers in its place. */
    void chooseBy(BiFunction<FileChooser, Window, @Nullable File> answer) {
        toOpen = answer;
    }

    /** Lets the user choose a file to read, starting in the folder of another file. */
    Optional<Path> openFileBeside(Path other, String title, String kind, String... patterns) {
        FileChooser chooser = chooser(title, kind, patterns);
        inFolder(chooser, other);
        return open(chooser);
    }

    /** Lets the user choose a file to write. */
    Optional<Path> saveFile(String title, Path suggestion, String kind, String... patterns) {
        FileChooser chooser = chooser(title, kind, patterns);
        inFolder(chooser, suggestion);
        chooser.setInitialFileName(String.valueOf(suggestion.getFileName()));
        return Optional.ofNullable(chooser.showSaveDialog(owner.get())).map(File::toPath);
    }

    /** Gives a dialog its owner and the theme of the window, and makes Escape close it wherever the focus is. */
    void dress(Dialog<?> dialog) {
        dress(dialog, owner.get());
    }

    private void dress(Dialog<?> dialog, Window over) {
        dialog.initOwner(over);
        DialogPane pane = dialog.getDialogPane();
        scenes.accept(pane.getScene());
        enlarge(pane, scale.getValue().doubleValue());
        Subscription looks = theme.subscribe(now -> now.applyTo(pane.getScene()));
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> looks.unsubscribe());
        // Lists and tables would consume Escape to end an edit, but none of ours can be edited.
        pane.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (e.getCode() == KeyCode.ESCAPE
                    && (e.getTarget() instanceof ListView || e.getTarget() instanceof TableView)) {
                pane.getButtonTypes().stream()
                        .filter(type -> type.getButtonData().isCancelButton())
                        .map(pane::lookupButton)
                        .filter(Button.class::isInstance)
                        .findFirst()
                        .ifPresent(button -> ((Button) button).fire());
                e.consume();
            }
        });
    }

    /** Asks what a dropped model is for that also holds settings for the open model. */
    Take whatFor(Path file, String model) {
        ButtonType settings = new ButtonType("Import its _ranges…", ButtonBar.ButtonData.YES);
        ButtonType open = new ButtonType("_Open it", ButtonBar.ButtonData.NO);
        ButtonType answer = ask(
                "Ranges or a model?",
                shown(file) + " is quantized and names tensors of " + Invisible.escaped(model)
                        + ". Import its ranges into the settings of " + Invisible.escaped(model)
                        + ", or open it instead?",
                settings,
                open,
                ButtonType.CANCEL);
        return answer == settings ? Take.SETTINGS : answer == open ? Take.MODEL : Take.NOTHING;
    }

    /**
     * Asks whether an existing file may be replaced.
     *
     * @param over the window to show the question over
     */
    boolean mayReplace(Path file, Window over) {
        ButtonType replace = new ButtonType("_Replace", ButtonBar.ButtonData.YES);
        return ask(
                        over,
                        "Replace the file?",
                        shown(file) + " exists already in "
                                + Invisible.escaped(
                                        String.valueOf(file.toAbsolutePath().getParent()))
                                + ".",
                        replace,
                        ButtonType.CANCEL)
                == replace;
    }

    private static String shown(Path file) {
        return Invisible.escaped(String.valueOf(file.getFileName()));
    }

    private ButtonType ask(String title, String text, ButtonType... buttons) {
        return ask(owner.get(), title, text, buttons);
    }

    private ButtonType ask(Window over, String title, String text, ButtonType... buttons) {
        Alert alert = new Alert(Alert.AlertType.CONFIRMATION, text, buttons);
        alert.setTitle(title);
        alert.setHeaderText(title);
        alert.setGraphic(null);
        alert.getDialogPane().setMinHeight(Region.USE_PREF_SIZE);
        dress(alert, over);
        return alert.showAndWait().orElse(ButtonType.CANCEL);
    }

    /** Shows a dialog larger: its content as it is, its heading and its buttons by their font. */
    private static void enlarge(DialogPane pane, double by) {
        if (by == 1) {
            return;
        }
        pane.setStyle("-fx-font-size: " + FONT * by + "px");
        if (pane.getContent() instanceof Region content) {
            Scaled scaled = new Scaled(content);
            scaled.scaleProperty().set(by);
            pane.setContent(scaled);
        }
        Rectangle2D screen = Screen.getPrimary().getVisualBounds();
        double most = screen.getWidth() - FRAME;
        double tallest = screen.getHeight() - FRAME;
        if (pane.getPrefWidth() > 0) {
            pane.setMinSize(Math.min(by * pane.getMinWidth(), most), Math.min(by * pane.getMinHeight(), tallest));
            pane.setPrefSize(Math.min(by * pane.getPrefWidth(), most), Math.min(by * pane.getPrefHeight(), tallest));
        }
    }

    private static FileChooser chooser(String title, String kind, String... patterns) {
        FileChooser chooser = new FileChooser();
        chooser.setTitle(title);
        chooser.getExtensionFilters()
                .setAll(List.of(
                        new FileChooser.ExtensionFilter(kind, patterns),
                        new FileChooser.ExtensionFilter("All files", "*.*")));
        return chooser;
    }

    private static void inFolder(FileChooser chooser, Path suggestion) {
        Path folder = suggestion.toAbsolutePath().getParent();
        if (folder != null && folder.toFile().isDirectory()) {
            chooser.setInitialDirectory(folder.toFile());
        }
    }
}
