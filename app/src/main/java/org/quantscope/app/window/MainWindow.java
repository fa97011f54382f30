package org.quantscope.app.window;

import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.css.PseudoClass;
import javafx.geometry.Insets;
import javafx.geometry.Orientation;
import javafx.geometry.Pos;
import javafx.geometry.Rectangle2D;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Control;
import javafx.scene.control.DialogEvent;
import javafx.scene.control.Label;
import javafx.scene.control.Menu;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.Separator;
import javafx.scene.control.SeparatorMenuItem;
import javafx.scene.control.SplitPane;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.Tooltip;
import javafx.scene.input.KeyCombination;
import javafx.scene.input.TransferMode;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.stage.Screen;
import javafx.stage.Stage;
import javafx.stage.Window;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.accuracy.AccuracyView;
import org.quantscope.app.accuracy.CacheView;
import org.quantscope.app.accuracy.CorrectionsView;
import org.quantscope.app.accuracy.TriedView;
import org.quantscope.app.flipped.FlippedStrip;
import org.quantscope.app.flipped.FlippedWindow;
import org.quantscope.app.flipped.LayerOutputView;
import org.quantscope.app.flipped.Thumbnails;
import org.quantscope.app.graph.GraphView;
import org.quantscope.app.selected.CodesView;
import org.quantscope.app.selected.ErrorView;
import org.quantscope.app.selected.QuantizerView;
import org.quantscope.app.selected.SlicesView;
import org.quantscope.app.session.BundledModels;
import org.quantscope.app.session.OpenModel;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.app.session.SessionViewModel.Sample;
import org.quantscope.app.session.Settings;
import org.quantscope.app.tensors.SensitivityViewModel.Status;
import org.quantscope.app.tensors.TensorsView;
import org.quantscope.app.tensors.TensorsViewModel;
import org.quantscope.app.ui.CardTab;
import org.quantscope.app.ui.JobsView;
import org.quantscope.app.ui.NoticeBar;
import org.quantscope.app.ui.TabbedCard;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.session.SessionState;

/** The one window. */
public final class MainWindow {
    private static final double WIDTH = 1440;
    private static final double HEIGHT = 900;
    private static final double MIN_WIDTH = 1120;
    private static final double MIN_HEIGHT = 680;
    /** A window that is not as high has less room between things. */
    private static final double LOW_HEIGHT = 800;

    private static final PseudoClass LOW = PseudoClass.getPseudoClass("low");
    private static final double LEFT_WIDTH = 376;
    private static final double LEFT_MIN = 364;
    private static final double RIGHT_WIDTH = 352;
    private static final double RIGHT_MIN = 344;
    private static final double CENTRE_MIN = 420;
    private static final double GAP = 12;
    private static final double ANSWER_GAP = 8;
    private static final double STRIP_PADDING = 8;
    private static final double STRIP_HEIGHT = 116;

    /** What the page under the curve is remembered by. */
    private static final String PAGE = "page";

    private static final String MORE_ERRORS = "error.more";

    /** As many pages as there are digits have a key. */
    private static final int MOST_PAGES = 9;

    private final Stage stage;
    private final Settings settings;
    private final ApplicationContext desk;
    private final Dialogs dialogs;
    private final ObjectProperty<Theme> theme = new SimpleObjectProperty<>(this, "theme", Theme.DARK);
    private final BorderPane root = new BorderPane();
    private final Scene scene;
    private final SplitPane columns;
    private final TensorsView list;
    private final Thumbnails thumbnails;
    private @Nullable FlippedWindow flipped;
    private @Nullable ExportDialog exporting;
    private @Nullable ImportDialog importing;
    private Consumer<Path> folders = folder -> {};
    private final TabbedCard pages;

    /**
     * @param stage not shown yet
     * @param work runs what takes long
     * @param ui runs on the thread of the scene
     */
    public MainWindow(Stage stage, Settings settings, Executor work, Executor ui) {
        this.stage = stage;
        this.settings = settings;
        this.dialogs = new Dialogs(() -> stage, theme);
        dialogs.setPrepare((role, samples) -> prepareData(role, Optional.of(samples)));
        NoticeBar notices = new NoticeBar();
        this.desk = ApplicationContext.of(work, ui, settings, dialogs, notices);
        this.thumbnails = new Thumbnails(desk.background());
        theme.set(settings.dark() ? Theme.DARK : Theme.LIGHT);

        TensorsView tensors = new TensorsView(desk.tensors(), desk.bench());
        this.list = tensors;
        this.pages = pages();
        desk.error()
                .unfoldedProperty()
                .set(settings.text(MORE_ERRORS).map(Boolean::parseBoolean).orElse(false));
        TensorPane tensor = new TensorPane(desk.inHand(), desk.quantizer(), pages);
        VBox answers = new VBox(
                ANSWER_GAP,
                new QuantizerView(desk.quantizer(), this::quantizeInHand),
                new ErrorView(desk.error()),
                new AccuracyView(desk.accuracy()),
                new CorrectionsView(desk.corrections()),
                new FlippedStrip(desk.flipped(), thumbnails, this::showFlipped));
        tensors.tellBefore(desk.corrections()::sqnrBefore);
        answers.getStyleClass().add("answers");
        answers.setPadding(new Insets(GAP));
        ScrollPane right = new ScrollPane(answers);
        right.setFitToWidth(true);
        right.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        right.getStyleClass().add("side-panel");
        tensors.setMinWidth(LEFT_MIN);
        right.setMinWidth(RIGHT_MIN);
        Welcome welcome = new Welcome(this::open, BundledModels.all(), desk.session()::openSample);
        // While a file is being opened, nothing invites to open one.
        Runnable showWelcome = () -> {
            boolean some = desk.bench().modelProperty().get().isPresent();
            welcome.setVisible(!some && desk.jobs().running().isEmpty());
            tensor.setVisible(some);
            answers.setVisible(some);
        };
        desk.bench().modelProperty().subscribe(x -> showWelcome.run());
        desk.jobs().onChange(x -> showWelcome.run());
        StackPane centre = new StackPane(tensor, welcome);
        centre.setMinWidth(CENTRE_MIN);
        columns = new SplitPane(tensors, centre, right);
        columns.setId("columns");
        SplitPane.setResizableWithParent(tensors, false);
        SplitPane.setResizableWithParent(right, false);

        root.setTop(new VBox(toolbar(), notices));
        root.setCenter(columns);
        root.setBottom(strip());
        Rectangle2D place = place();
        // At this size its columns are laid out first, and those at the sides keep the width that they get then.
        scene = new Scene(root, place.getWidth(), place.getHeight());
        tensor.paletteProperty().bind(theme.map(Theme::palette));
        theme.subscribe(this::dress);
        // So that the accuracy is in sight, also under a notice.
        scene.heightProperty()
                .subscribe(height -> root.pseudoClassStateChanged(LOW, height.doubleValue() < LOW_HEIGHT));
        accelerators(tensors);
        acceptFiles();

        stage.setScene(scene);
        desk.bench().modelProperty().subscribe(x -> title());
        desk.bench().dirtyProperty().subscribe(x -> title());
        stage.setOnCloseRequest(e -> {
            e.consume();
            desk.session().leave(() -> {
                remember();
                stage.hide();
            });
        });
        // No minimum makes it larger than its screen.
        stage.setMinWidth(Math.min(MIN_WIDTH, place.getWidth()));
        stage.setMinHeight(Math.min(MIN_HEIGHT, place.getHeight()));
        stage.setX(place.getMinX());
        stage.setY(place.getMinY());
        stage.setWidth(place.getWidth());
        stage.setHeight(place.getHeight());
    }

    /** The pages under the curve: every feature that has something to say of the tensor in hand adds its own. */
    private TabbedCard pages() {
        TabbedCard card = new TabbedCard(List.of(
                new CardTab(
                        "channels",
                        "Channels",
                        "The values of each channel or block, and the range that clips them",
                        this::channels,
                        desk.slices()::setShowing),
                new CardTab("codes", "Codes", "How often each code is used", this::codes, desk.codes()::setShowing),
                new CardTab(
                        "layer-output",
                        "Layer output",
                        "The error that this tensor makes behind its layer, behind its block and in the predictions,"
                                + " alone and with everything else",
                        () -> new LayerOutputView(desk.layerOutput()),
                        desk.layerOutput()::setShowing),
                new CardTab(
                        "graph",
                        "Graph",
                        "The model as a drawing, coloured by the damage of its tensors",
                        this::graph,
                        desk.graph()::setShowing,
                        true)));
        settings.text(PAGE).ifPresent(card::select);
        return card;
    }

    private SlicesView channels() {
        SlicesView view = new SlicesView(desk.slices());
        view.paletteProperty().bind(theme.map(Theme::palette));
        return view;
    }

    private CodesView codes() {
        CodesView view = new CodesView(desk.codes());
        view.paletteProperty().bind(theme.map(Theme::palette));
        return view;
    }

    private GraphView graph() {
        GraphView view = new GraphView(desk.graph());
        view.paletteProperty().bind(theme.map(Theme::palette));
        return view;
    }

    private void showFlipped(OptionalInt sample) {
        FlippedWindow open = flipped;
        if (open == null) {
            open = new FlippedWindow(stage, desk.flipped(), desk.sampleLayers(), thumbnails, theme);
            flipped = open;
        }
        open.show(sample);
    }

    /** The program behind the window. */
    public ApplicationContext desk() {
        return desk;
    }

    /** Shows the window and opens {@code files}, or offers unsaved work, or opens the first sample. */
    public void show(List<Path> files) {
        stage.show();
        placeDividers();
        list.focusList();
        if (!files.isEmpty()) {
            desk.session().open(files);
        } else {
            desk.session()
                    .restore(() -> BundledModels.all().stream().findFirst().ifPresent(desk.session()::openSample));
        }
    }

    /** The look; setting it changes the window at once and is remembered. */
    public ObjectProperty<Theme> themeProperty() {
        return theme;
    }

    private void dress(Theme chosen) {
        chosen.install();
        chosen.applyTo(scene);
        settings.setDark(chosen == Theme.DARK);
    }

    private void title() {
        stage.setTitle(desk.bench()
                        .modelProperty()
                        .get()
                        .map(m -> (desk.bench().dirtyProperty().get() ? "• " : "") + m.name() + " – ")
                        .orElse("")
                + "Quantscope");
    }

    private HBox toolbar() {
        Label brand = new Label("Quantscope");
        brand.getStyleClass().add("brand");
        brand.setMinWidth(Region.USE_PREF_SIZE);

        MenuButton open = new MenuButton("Open");
        open.setId("open");
        open.setTooltip(new Tooltip("Open a model, data or a session; or drop it anywhere on the window"));
        Menu recent = new Menu("Recent");
        recent.setId("recent");
        desk.session().recentProperty().subscribe(files -> {
            recent.getItems().setAll(files.stream().map(this::recent).toList());
            recent.getItems()
                    .addAll(new SeparatorMenuItem(), item("Clear this list", null, desk.session()::clearRecent));
            recent.setDisable(files.isEmpty());
        });
        open.setOnShowing(e -> desk.session().forgetMissing());
        MenuItem importRanges = item("Import ranges…", "Shortcut+I", this::importRanges);
        importRanges.setId("import-ranges");
        open.getItems()
                .addAll(
                        item("Model or session…", "Shortcut+O", this::open),
                        item("Data…", "Shortcut+Shift+O", () -> prepareData(Role.EVALUATION, Optional.empty())),
                        importRanges,
                        new SeparatorMenuItem(),
                        recent);

        MenuButton sample = new MenuButton("Sample");
        sample.setId("sample");
        sample.setTooltip(new Tooltip("Bundled models with their data"));
        for (Sample s : BundledModels.all()) {
            sample.getItems().add(item(s.title(), null, () -> desk.session().openSample(s)));
        }
        sample.setDisable(sample.getItems().isEmpty());

        Button data = button(
                "Data…",
                "data",
                "Choose data and how it is prepared for the model (Ctrl+Shift+O)",
                () -> prepareData(Role.EVALUATION, Optional.empty()));

        MenuButton save = new MenuButton("Save");
        save.setId("save");
        save.setTooltip(new Tooltip("Save the settings as a session"));
        save.getItems()
                .addAll(
                        item("Save", "Shortcut+S", () -> desk.session().save()),
                        item(
                                "Save as…",
                                "Shortcut+Shift+S",
                                () -> desk.session().saveAs()));
        Button export = button("Export…", "export", "Write the settings for another program (Ctrl+E)", this::export);
        export.getStyleClass().add("primary");

        Button undo = button("↶", "undo", "", desk.bench()::undo);
        undo.setAccessibleText("Undo");
        undo.getStyleClass().add("icon");
        undo.disableProperty().bind(desk.bench().canUndoProperty().not());
        undo.getTooltip()
                .textProperty()
                .bind(desk.bench()
                        .undoTitleProperty()
                        .map(t -> t.isEmpty() ? "Undo (Ctrl+Z)" : "Undo " + t + " (Ctrl+Z)"));
        Button redo = button("↷", "redo", "", desk.bench()::redo);
        redo.setAccessibleText("Redo");
        redo.getStyleClass().add("icon");
        redo.disableProperty().bind(desk.bench().canRedoProperty().not());
        redo.getTooltip()
                .textProperty()
                .bind(desk.bench()
                        .redoTitleProperty()
                        .map(t -> t.isEmpty() ? "Redo (Ctrl+Y)" : "Redo " + t + " (Ctrl+Y)"));

        MenuButton calibrate = new MenuButton("Calibrate all");
        calibrate.setId("calibrate-all");
        calibrate.setTooltip(new Tooltip("Let one rule choose the range of every quantized tensor"));
        for (Calibrator c : Calibrators.all()) {
            MenuItem choice = item(c.title(), null, () -> desk.activations().calibrateAll(c));
            calibrate.getItems().add(choice);
            if (c.needsImportance()) {
                // It is for weights, and what they are multiplied with has to be known.
                desk.bench()
                        .seenProperty()
                        .subscribe(x -> choice.setVisible(desk.bench().weights().stream()
                                .anyMatch(w ->
                                        desk.bench().importances().of(w.info()).isPresent())));
            }
        }
        ToggleButton sensitivity = sensitivity();
        MenuButton correct = correct();
        ToggleButton activations = new ToggleButton("Activations");
        activations.setId("activations");
        activations.setTooltip(new Tooltip("Quantize activations too, with ranges observed on the calibration data"));
        activations.setOnAction(e -> {
            desk.activations().quantize(activations.isSelected());
            activations.setSelected(quantizesActivations());
        });
        ToggleButton fold = new ToggleButton("Fold BN");
        fold.setId("fold");
        fold.setTooltip(new Tooltip(
                "Compute constants, and fold batch normalization and Pad into the layers beside them, before"
                        + " analysis; off: the graph as it is stored"));
        fold.setOnAction(e -> {
            desk.corrections().fold(fold.isSelected());
            fold.setSelected(desk.bench().foldsBatchNorm());
        });
        desk.bench().stateProperty().subscribe(state -> {
            activations.setSelected(quantizesActivations());
            activations.setDisable(!desk.activations().possible());
            fold.setSelected(state.map(SessionState::foldBatchNorm).orElse(true));
            boolean foldable = desk.bench()
                    .modelProperty()
                    .get()
                    .map(m -> !m.source().equals(m.folded()))
                    .orElse(false);
            fold.setVisible(foldable);
            fold.setManaged(foldable);
        });

        Button look = button("◐", "theme", "Light or dark (Ctrl+T)", this::switchTheme);
        look.setAccessibleText("Switch between light and dark");
        look.getStyleClass().add("icon");

        desk.bench().modelProperty().subscribe(m -> {
            importRanges.setDisable(m.isEmpty());
            data.setDisable(m.flatMap(o -> o.source().graph()).isEmpty());
            for (Node node : new Node[] {save, export, calibrate, correct}) {
                node.setDisable(m.isEmpty());
            }
        });
        Button keys = button("?", "keys", "Keys (F1)", this::showKeys);
        keys.setAccessibleText("List the keys");
        keys.getStyleClass().add("icon");
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox bar = new HBox(
                brand,
                open,
                sample,
                data,
                save,
                export,
                line(),
                undo,
                redo,
                line(),
                calibrate,
                correct,
                sensitivity,
                activations,
                fold,
                space,
                keys,
                look);
        bar.getStyleClass().add("top-bar");
        bar.getChildren().forEach(node -> {
            if (node instanceof Control control) {
                control.setMinWidth(Region.USE_PREF_SIZE);
            }
        });
        return bar;
    }

    /** Pressed while a sweep runs. */
    private ToggleButton sensitivity() {
        ToggleButton sweep = new ToggleButton("Sensitivity");
        sweep.setId("sensitivity");
        Tooltip tip = new Tooltip();
        sweep.setTooltip(tip);
        sweep.setOnAction(e -> {
            desk.sensitivity().toggle();
            sweep.setSelected(desk.sensitivity().viewProperty().get().status() == Status.RUNNING);
            if (sweep.isSelected()) {
                desk.tensors().orderProperty().set(TensorsViewModel.Order.MOST_DAMAGE_FIRST);
            }
        });
        desk.sensitivity().viewProperty().subscribe(v -> {
            sweep.setDisable(v.status() == Status.IMPOSSIBLE);
            sweep.setSelected(v.status() == Status.RUNNING);
            tip.setText(
                    switch (v.status()) {
                        case IMPOSSIBLE -> "What each tensor's quantization costs: " + v.why();
                        case IDLE ->
                            "Find what each tensor's quantization costs, alone and with all others"
                                    + (v.known() > 0
                                            ? ": " + v.known() + " of " + v.wanted() + " evaluations are known"
                                            : "");
                        case RUNNING -> "Stop the sweep; what is known is kept";
                        case DONE -> "All " + v.wanted() + " evaluations of these settings are known";
                    });
        });
        return sweep;
    }

    private MenuButton correct() {
        MenuButton menu = new MenuButton("Correct");
        menu.setId("correct");
        menu.setTooltip(new Tooltip("Change the float weights so that quantization hurts less"));
        MenuItem remove = item("", null, desk.corrections()::removeLast);
        remove.setId("correct-remove");
        Runnable refresh = () -> {
            for (MenuItem item : menu.getItems()) {
                if (item.getUserData() instanceof Correction c) {
                    Optional<String> refusal =
                            desk.bench().stateProperty().get().isEmpty()
                                    ? Optional.of("no model is open")
                                    : desk.corrections().refusal(c);
                    item.setDisable(refusal.isPresent());
                    item.setText(c.title() + refusal.map(why -> " – " + why).orElse(""));
                }
            }
            List<String> applied = desk.corrections().viewProperty().get().titles();
            remove.setVisible(!applied.isEmpty());
            remove.setText(applied.isEmpty() ? "" : "Remove " + applied.getLast());
        };
        for (Correction c : Corrections.all()) {
            MenuItem item = item(c.title(), null, () -> desk.corrections().apply(c));
            item.setId("correct-" + c.id());
            item.setUserData(c);
            menu.getItems().add(item);
        }
        menu.getItems().add(remove);
        menu.setOnShowing(e -> {
            desk.corrections().ask();
            refresh.run();
        });
        desk.corrections().unavailableProperty().subscribe(x -> refresh.run());
        desk.corrections().viewProperty().subscribe(x -> refresh.run());
        return menu;
    }

    private void quantizeInHand() {
        desk.bench().selectionProperty().get().ifPresent(id -> desk.tensors().quantize(Set.of(id)));
    }

    private boolean quantizesActivations() {
        return desk.bench()
                .stateProperty()
                .get()
                .flatMap(SessionState::activations)
                .isPresent();
    }

    private Node strip() {
        Label head = new Label();
        head.getStyleClass().add("section-head");
        desk.accuracy()
                .viewProperty()
                .subscribe(v -> head.setText(("Size and "
                                + v.baseline().map(e -> e.task().headline()).orElse("accuracy")
                                + " of everything tried")
                        .toUpperCase(Locale.ROOT)));
        TriedView plot = new TriedView(desk.tried());
        VBox.setVgrow(plot, Priority.ALWAYS);
        VBox left = new VBox(2, head, plot);
        HBox.setHgrow(left, Priority.ALWAYS);
        JobsView jobs = new JobsView(desk.jobs());
        CacheView cache = new CacheView(desk.accuracy());
        VBox right = new VBox(4, cache, legend());
        right.setAlignment(Pos.BOTTOM_RIGHT);
        right.setMinWidth(RIGHT_MIN);
        // Over the line of the heading: what is going on has names of any length, and the plot does not move for them.
        jobs.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
        StackPane.setAlignment(jobs, Pos.TOP_RIGHT);
        StackPane strip = new StackPane(new HBox(GAP, left, right), jobs);
        strip.getStyleClass().add("bottom-strip");
        strip.setPadding(new Insets(STRIP_PADDING, GAP, STRIP_PADDING, GAP));
        strip.setMinHeight(STRIP_HEIGHT);
        strip.setPrefHeight(STRIP_HEIGHT);
        return strip;
    }

    private static HBox legend() {
        Label exact = new Label("exact");
        Label estimate = new Label("≈ estimate");
        Label previous = new Label("previous setting");
        previous.getStyleClass().add("previous");
        HBox legend = new HBox(GAP, exact, estimate, previous);
        legend.setAlignment(Pos.CENTER_RIGHT);
        legend.getChildren().forEach(label -> label.getStyleClass().add("hint"));
        return legend;
    }

    private void accelerators(TensorsView tensors) {
        GoingBack.install(scene, desk.bench());
        bind("Shortcut+E", this::export);
        bind("Shortcut+F", tensors::focusFilter);
        bind("Shortcut+T", this::switchTheme);
        bind("F1", this::showKeys);
        for (int i = 0; i < MOST_PAGES; i++) {
            int page = i;
            bind("Shortcut+" + (i + 1), () -> pages.select(page));
        }
    }

    private void bind(String keys, Runnable action) {
        scene.getAccelerators().put(KeyCombination.valueOf(keys), action);
    }

    private void acceptFiles() {
        scene.setOnDragOver(e -> {
            if (e.getDragboard().hasFiles()) {
                e.acceptTransferModes(TransferMode.COPY);
            }
            e.consume();
        });
        scene.setOnDragDropped(e -> {
            boolean files = e.getDragboard().hasFiles();
            if (files) {
                drop(e.getDragboard().getFiles());
            }
            e.setDropCompleted(files);
            e.consume();
        });
    }

    /** What happens when files are dropped on the window. */
    void drop(List<File> files) {
        List<Path> paths = files.stream().map(File::toPath).toList();
        if (paths.isEmpty()) {
            return;
        }
        if (paths.size() > 1) {
            desk.session().open(paths);
            return;
        }
        Path file = paths.getFirst();
        desk.imports().whatIs(file, is -> {
            Dialogs.Take take = switch (is) {
                case OPEN -> Dialogs.Take.MODEL;
                case SETTINGS -> Dialogs.Take.SETTINGS;
                case EITHER ->
                    dialogs.whatFor(
                            file,
                            desk.bench()
                                    .modelProperty()
                                    .get()
                                    .map(OpenModel::name)
                                    .orElse(""));
            };
            switch (take) {
                case MODEL -> desk.session().open(paths);
                case SETTINGS -> importRanges(file);
                case NOTHING -> {}
            }
        });
    }

    private void open() {
        dialogs.openFile(
                        "Open a model or a session",
                        "Models and sessions",
                        "*.onnx",
                        "*.safetensors",
                        "*.npz",
                        "*.npy",
                        "*.json")
                .ifPresent(file -> {
                    boolean session = file.toString().toLowerCase(Locale.ROOT).endsWith(".json")
                            && !file.toString().endsWith(".index.json");
                    if (session) {
                        desk.session().openSession(file);
                    } else {
                        desk.session().openModel(file);
                    }
                });
    }

    /** @param opened data that has been read; else what the bench has for the role */
    private void prepareData(Role role, Optional<org.quantscope.core.dataset.Samples> opened) {
        if (desk.bench().modelProperty().get().isEmpty()) {
            return;
        }
        opened.ifPresentOrElse(
                read -> desk.input().show(role, read), () -> desk.input().show(role));
        DataDialog dialog = new DataDialog(
                desk.input(),
                settings,
                folder -> folder
                        ? dialogs.openFolder("Open a folder of pictures")
                        : dialogs.openFile("Open data", "Data", "*.npz", "*.csv", "*.tsv", "*.gz", "*-ubyte", "*.idx"));
        dialogs.dress(dialog);
        dialog.resultProperty().subscribe(used -> {
            if (Boolean.TRUE.equals(used)) {
                desk.input().apply();
            }
        });
        dialog.show();
    }

    /** What shows a folder in the system's file browser. */
    public void setFolderOpener(Consumer<Path> opener) {
        folders = opener;
    }

    private void export() {
        if (desk.bench().modelProperty().get().isEmpty()) {
            return;
        }
        if (exporting != null) {
            exporting.getDialogPane().getScene().getWindow().requestFocus();
            return;
        }
        ExportDialog dialog = new ExportDialog(desk.export(), desk.targets(), settings, new ExportDialog.Places() {
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
        });
        dialogs.dress(dialog);
        // The window behind goes on, also with its keys for going back.
        GoingBack.install(dialog.getDialogPane().getScene(), desk.bench());
        exporting = dialog;
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> exporting = null);
        dialog.show();
    }

    private void importRanges() {
        desk.bench()
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
                        "*.npz"))
                .ifPresent(this::importRanges);
    }

    private void importRanges(Path file) {
        if (importing != null) {
            importing.close();
        }
        desk.imports().open(file);
        ImportDialog dialog = new ImportDialog(desk.imports(), settings, theme);
        dialogs.dress(dialog);
        GoingBack.install(dialog.getDialogPane().getScene(), desk.bench());
        importing = dialog;
        // What is imported is for this model.
        Subscription model = desk.bench().modelProperty().subscribe((was, is) -> dialog.close());
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> {
            model.unsubscribe();
            if (Boolean.TRUE.equals(dialog.getResult())) {
                desk.imports().apply();
            }
            desk.imports().close();
            importing = null;
        });
        dialog.show();
    }

    private void showKeys() {
        KeysDialog dialog = new KeysDialog();
        dialogs.dress(dialog);
        dialog.show();
    }

    private void switchTheme() {
        theme.set(theme.get().other());
    }

    private MenuItem recent(Path file) {
        MenuItem item = new MenuItem(file.toString());
        item.setMnemonicParsing(false);
        item.setOnAction(e -> desk.session().open(List.of(file)));
        return item;
    }

    /** Where the window stood last, or would like to stand, on the screens of now. */
    private Rectangle2D place() {
        OptionalDouble x = settings.number("window.x");
        OptionalDouble y = settings.number("window.y");
        Optional<WindowPlace.Corner> corner = x.isPresent() && y.isPresent()
                ? Optional.of(new WindowPlace.Corner(x.getAsDouble(), y.getAsDouble()))
                : Optional.empty();
        WindowPlace wanted = new WindowPlace(corner, length("window.width", WIDTH), length("window.height", HEIGHT));
        Stream<Screen> mainFirst = Stream.concat(Stream.of(Screen.getPrimary()), Screen.getScreens().stream());
        return wanted.on(mainFirst.map(Screen::getVisualBounds).toList());
    }

    private double length(String name, double usual) {
        double remembered = settings.number(name).orElse(usual);
        return remembered > 0 ? remembered : usual;
    }

    private void placeDividers() {
        double width = stage.getWidth();
        columns.setDividerPositions(
                settings.number("divider.left").orElse(LEFT_WIDTH / width),
                settings.number("divider.right").orElse(1 - RIGHT_WIDTH / width));
    }

    private void remember() {
        settings.setNumber("window.width", stage.getWidth());
        settings.setNumber("window.height", stage.getHeight());
        settings.setNumber("window.x", stage.getX());
        settings.setNumber("window.y", stage.getY());
        double[] dividers = columns.getDividerPositions();
        settings.setNumber("divider.left", dividers[0]);
        settings.setNumber("divider.right", dividers[1]);
        settings.setText(
                MORE_ERRORS, Boolean.toString(desk.error().unfoldedProperty().get()));
        settings.setText(PAGE, pages.selectedProperty().get());
    }

    private static MenuItem item(String text, @Nullable String keys, Runnable action) {
        MenuItem item = new MenuItem(text);
        if (keys != null) {
            item.setAccelerator(KeyCombination.valueOf(keys));
        }
        item.setOnAction(e -> action.run());
        return item;
    }

    private static Button button(String text, String id, String tip, Runnable action) {
        Button button = new Button(text);
        button.setId(id);
        button.setTooltip(new Tooltip(tip));
        button.setOnAction(e -> action.run());
        return button;
    }

    private static Separator line() {
        return new Separator(Orientation.VERTICAL);
    }
}
