package org.quantscope.app.window;

import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
import javafx.geometry.Pos;
import javafx.geometry.Rectangle2D;
import javafx.scene.Scene;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.KeyCombination;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.stage.Screen;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ApplicationContext;
import org.quantscope.app.accuracy.AccuracyView;
import org.quantscope.app.accuracy.ArithmeticView;
import org.quantscope.app.accuracy.CorrectionsView;
import org.quantscope.app.cards.Cards;
import org.quantscope.app.cards.ShownCard;
import org.quantscope.app.command.Commands;
import org.quantscope.app.explain.ExplainPopover;
import org.quantscope.app.flipped.FlippedStrip;
import org.quantscope.app.flipped.FlippedWindow;
import org.quantscope.app.flipped.Thumbnails;
import org.quantscope.app.improve.EqualizeFirstView;
import org.quantscope.app.selected.ErrorView;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.selected.QuantizerView;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.BundledModels;
import org.quantscope.app.session.Settings;
import org.quantscope.app.tensors.TensorsView;
import org.quantscope.app.tour.TourStop;
import org.quantscope.app.tour.TourView;
import org.quantscope.app.ui.Cover;
import org.quantscope.app.ui.NoticeBar;
import org.quantscope.app.ui.Scaled;
import org.quantscope.app.ui.ShownText;
import org.quantscope.app.ui.TabbedCard;
import org.quantscope.app.ui.Theme;
import org.quantscope.app.ui.UiThread;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.lesson.Lesson.Card;

/** The main window. */
public final class MainWindow {
    private static final double WIDTH = 1440;
    private static final double HEIGHT = 900;
    private static final double MIN_WIDTH = 1020;
    private static final double MIN_HEIGHT = 640;
    /** Below this height of the window the gaps between its parts are smaller. */
    private static final double LOW_HEIGHT = 800;

    /** From this height of the window on there is room for the accuracy below the error. */
    private static final double TALL_HEIGHT = 960;

    /** Below this width of the window the toolbar has no room for the name of the program. */
    private static final double NARROW_WIDTH = 1160;

    private static final PseudoClass LOW = PseudoClass.getPseudoClass("low");
    private static final double LEFT_WIDTH = 392;
    private static final double LEFT_MIN = 260;
    private static final double LESSON_MIN = 292;
    private static final double RIGHT_WIDTH = 352;
    private static final double RIGHT_MIN = 344;
    private static final double CENTRE_MIN = 376;
    /** Below this height of the window there is no room for the strip. */
    private static final double STRIP_HEIGHT = 600;

    private static final double GAP = 12;
    private static final double ANSWER_GAP = 8;

    /** The name under which the visible page below the curve is remembered. */
    private static final String PAGE = "page";

    private static final String MORE_ERRORS = "error.more";
    private static final String MAXIMIZED = "window.maximized";

    /** Only this many pages have a key: the digits 1 to 9. */
    private static final int MOST_PAGES = 9;

    private final Stage stage;
    private final Settings settings;
    private final ApplicationContext context;
    private final ObjectProperty<Theme> theme = new SimpleObjectProperty<>(this, "theme", Theme.DARK);
    private final BorderPane root = new BorderPane();
    private final Scene scene;
    private final Columns columns;
    private final Rows strip;
    private final CardPlaces cardPlaces;
    private final TensorsView list;
    private final Thumbnails thumbnails;
    private @Nullable FlippedWindow flipped;
    private final WindowActions actions;
    private final Commands commands;
    private final Dialogs dialogs;
    private final UiScale scale;
    private final Explaining explaining;
    private final FigureSaving saving;
    private final FileDrop drop;
    private final TabbedCard pages;

    Dialogs dialogs() {
        return dialogs;
    }

    /**
     * @param stage not shown yet
     * @param work runs long work in the background
     * @param ui runs tasks on the FX thread
     */
    public MainWindow(Stage stage, Settings settings, Executor work, UiThread ui) {
        ShownText.watchAllWindows();
        this.stage = stage;
        this.settings = settings;
        dialogs = new Dialogs(() -> stage, theme);
        NoticeBar notices = new NoticeBar();
        this.context = ApplicationContext.of(work, ui, settings, dialogs, notices);
        this.actions = new WindowActions(context, settings, dialogs, theme);
        scale = new UiScale(settings);
        this.explaining = new Explaining(
                new ExplainPopover(
                        context.explain(),
                        actions::startLesson,
                        term -> actions.glossary(Optional.of(term)),
                        scale.scaleProperty()),
                actions::showKeys);
        FigureSaving saving = new FigureSaving(
                settings,
                context.background(),
                (title, suggestion) ->
                        dialogs.saveFile(title, suggestion, "SVG, PNG or CSV", "*.svg", "*.png", "*.csv"),
                context.bench());
        this.saving = saving;
        dialogs.setOnScene(made -> {
            explaining.install(made);
            saving.install(made);
        });
        dialogs.setScale(scale.scaleProperty());
        this.drop = new FileDrop(context, dialogs, actions);
        dialogs.setPrepare((role, samples) -> actions.prepareData(role, Optional.of(samples)));
        this.thumbnails = new Thumbnails(context.background());
        theme.set(settings.dark() ? Theme.DARK : Theme.LIGHT);

        TensorsView tensors = new TensorsView(context.tensors(), context.bench());
        this.list = tensors;
        this.pages = TensorPages.of(context, theme.map(Theme::palette), actions::glass);
        settings.text(PAGE).ifPresent(pages::select);
        context.error()
                .unfoldedProperty()
                .set(settings.text(MORE_ERRORS).map(Boolean::parseBoolean).orElse(false));
        TensorPane tensor = new TensorPane(context.selected(), context.quantizer(), pages, context.cards());
        tensor.histogram().setOnValue(actions::glass);
        QuantizerView quantizer = new QuantizerView(
                context.quantizer(),
                this::quantizeInHand,
                new EqualizeFirstView(context.equalizeFirst(), actions::equalize));
        ErrorView error = new ErrorView(context.error());
        AccuracyView accuracy = new AccuracyView(context.accuracy(), context.session()::chooseReference);
        Cover quantizerPlace = new Cover(quantizer, "how values become codes");
        Cover errorPlace = new Cover(error, "the error of this tensor");
        Cover accuracyPlace = new Cover(
                new VBox(ANSWER_GAP / 2, accuracy, new ArithmeticView(context.arithmetic())),
                "the accuracy of the model");
        VBox answers = new VBox(
                ANSWER_GAP,
                quantizerPlace,
                errorPlace,
                accuracyPlace,
                new CorrectionsView(context.corrections()),
                new FlippedStrip(context.flipped(), thumbnails, this::showFlipped));
        tensors.tellBefore(context.corrections()::sqnrBefore);
        answers.getStyleClass().add("answers");
        answers.setPadding(new Insets(GAP));
        ScrollPane right = new ScrollPane(answers);
        right.setFitToWidth(true);
        right.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        right.getStyleClass().add("side-panel");
        right.setId("answers");
        // The pane keeps a picture of its content, and would paint all of it anew for every figure that changes.
        right.skinProperty().subscribe(skin -> right.lookupAll(".viewport").forEach(part -> part.setCache(false)));
        tensors.setMinWidth(LEFT_MIN);
        right.setMinWidth(RIGHT_MIN);
        Welcome welcome =
                new Welcome(actions::open, actions::where, BundledModels.all(), context.session()::openSample);
        // The welcome page, which invites to open a file, is hidden while one is being opened.
        Runnable showWelcome = () -> {
            boolean some = context.bench().modelProperty().get().isPresent();
            welcome.setVisible(!some && context.jobs().running().isEmpty());
            tensor.setVisible(some);
            answers.setVisible(some);
        };
        context.bench().modelProperty().subscribe(x -> showWelcome.run());
        context.jobs().onChange(x -> showWelcome.run());
        // Notices cover a part of the middle for a while and move nothing in the window.
        StackPane.setAlignment(notices, Pos.BOTTOM_CENTER);
        StackPane.setMargin(notices, new Insets(GAP));
        StackPane centre = new StackPane(tensor, welcome, notices);
        centre.setMinWidth(CENTRE_MIN);
        LessonPlace lesson = new LessonPlace(
                context.lessons(),
                tensors,
                tensor,
                Map.of(Card.QUANTIZER, quantizerPlace, Card.ERROR, errorPlace, Card.ACCURACY, accuracyPlace),
                actions::writeSheet);
        // A lesson is read from the last row, and needs neither the list nor what was tried.
        context.lessons().viewProperty().subscribe(v -> lesson.setMinWidth(v.isPresent() ? LESSON_MIN : LEFT_MIN));
        columns = new Columns(lesson, centre, right);
        context.lessons().viewProperty().subscribe(v -> columns.keepLeft(v.isPresent()));

        Rectangle2D place = place();
        commands = WindowCommands.of(
                context, actions, scale, explaining.modeProperty(), columns, tensors::focusFilter, this::oneCardOrAll);
        actions.setCommands(commands::all);
        commands.addChanging(() -> FigureCommands.of(root));
        Toolbar toolbar = new Toolbar(context, actions, explaining.modeProperty(), scale, commands);
        toolbar.setMinWidth(0);
        root.setTop(toolbar);
        BottomStrip tried = new BottomStrip(context, actions, theme.map(Theme::palette));
        strip = new Rows(columns, tried);
        context.lessons().viewProperty().subscribe(v -> {
            // A lesson says what is seen, and its panel is read beside it.
            if (v.isPresent()) {
                context.cards().reset();
            }
            showStrip();
        });
        strip.setLower(length("strip.height", BottomStrip.usualHeight(place.getHeight())));
        // Where there is not room for all, columns and the strip yield; nothing is laid out beyond the window.
        strip.setMinSize(0, 0);
        columns.setMinSize(0, 0);
        root.setCenter(strip);
        columns.setSides(length("column.left", LEFT_WIDTH), length("column.right", RIGHT_WIDTH));
        TourView tour = new TourView(context.tour());
        Scaled scaled = new Scaled(new StackPane(root, tour));
        scaled.scaleProperty().bind(scale.scaleProperty());
        scene = new Scene(scaled, place.getWidth(), place.getHeight());
        // What is painted on a canvas is painted as sharp as it is shown.
        scale.scaleProperty().subscribe(s -> {
            stage.setRenderScaleX(s.doubleValue());
            stage.setRenderScaleY(s.doubleValue());
        });
        tensor.paletteProperty().bind(theme.map(Theme::palette));
        theme.subscribe(this::dress);
        root.heightProperty().subscribe(height -> showStrip());
        // Smaller gaps in a low window, and the error behind the accuracy in one that is not tall, keep the accuracy
        // visible, also below a notice.
        root.heightProperty().subscribe(height -> {
            boolean low = height.doubleValue() < LOW_HEIGHT;
            root.pseudoClassStateChanged(LOW, low);
            int behind = answers.getChildren().indexOf(quantizerPlace) + (height.doubleValue() < TALL_HEIGHT ? 2 : 1);
            if (answers.getChildren().indexOf(errorPlace) != behind) {
                answers.getChildren().remove(errorPlace);
                answers.getChildren().add(behind, errorPlace);
            }
        });
        root.widthProperty().subscribe(width -> {
            toolbar.setNarrow(width.doubleValue() < NARROW_WIDTH);
            toolbar.fit(width.doubleValue());
        });
        accelerators(tensor.histogram());
        drop.install(scene);
        stage.setScene(scene);
        cardPlaces = new CardPlaces(context.cards(), scene, tensor, tried);
        placeCards();
        new TourPlace(
                        tour,
                        Map.of(
                                TourStop.TENSORS,
                                tensors,
                                TourStop.HISTOGRAM,
                                tensor.histogram(),
                                TourStop.CURVE,
                                tensor.errorsOfRanges(),
                                TourStop.ERROR,
                                errorPlace,
                                TourStop.ACCURACY,
                                accuracyPlace,
                                TourStop.EXPORT,
                                toolbar.lookup("#export")),
                        columns,
                        right,
                        pages)
                .install(stage);
        lesson.installKeys(scene);
        explaining.install(scene);
        saving.install(scene);

        context.bench().modelProperty().subscribe(x -> {
            title();
            notices.clearProblem();
        });
        context.bench().stateProperty().subscribe(x -> notices.clearProblem());
        context.bench().modelProperty().subscribe(x -> notices.clearAction());
        context.bench().dirtyProperty().subscribe(x -> title());
        stage.setOnCloseRequest(e -> {
            e.consume();
            context.session().leave(() -> {
                remember();
                stage.hide();
            });
        });
        // The minimum size must not exceed the screen.
        stage.setMinWidth(Math.min(MIN_WIDTH, place.getWidth()));
        stage.setMinHeight(Math.min(MIN_HEIGHT, place.getHeight()));
        stage.setX(place.getMinX());
        stage.setY(place.getMinY());
        stage.setWidth(place.getWidth());
        stage.setHeight(place.getHeight());
        // Only the window manager knows how much its frame takes of a screen that the window would fill.
        stage.setMaximized(settings.text(MAXIMIZED)
                .map(Boolean::parseBoolean)
                .orElseGet(() -> WindowPlace.fills(place, screens())));
    }

    /** A lesson and a low window need the height of the strip. */
    private void showStrip() {
        boolean lesson = context.lessons().viewProperty().get().isPresent();
        Cards.Places places = context.cards().placesProperty().get();
        boolean alone = places.alone().filter(card -> card == ShownCard.TRIED).isPresent();
        boolean room = !lesson && (root.getHeight() == 0 || root.getHeight() >= STRIP_HEIGHT);
        strip.show(!alone, alone || (room && places.here(ShownCard.TRIED)));
    }

    private void oneCardOrAll() {
        cardPlaces.oneOrAll();
    }

    private void placeCards() {
        cardPlaces.install(
                settings,
                theme,
                scale.scaleProperty(),
                own -> {
                    GoingBack.install(own, context.bench());
                    explaining.install(own);
                    drop.install(own);
                },
                places -> {
                    // A card of the middle that is alone has the room of the list too.
                    columns.spare(places.alone().isPresent());
                    showStrip();
                });
        cardPlaces.installEscape(() -> context.selected()
                .viewProperty()
                .get()
                .map(SelectedTensor.View::preview)
                .orElse(false));
    }

    private void showFlipped(OptionalInt sample) {
        FlippedWindow open = flipped;
        if (open == null) {
            open = new FlippedWindow(stage, context.flipped(), context.sampleLayers(), thumbnails, theme);
            flipped = open;
            explaining.install(open.scene());
            saving.install(open.scene());
        }
        open.show(sample);
    }

    /** The program behind the window, with all view-models. */
    public ApplicationContext context() {
        return context;
    }

    /**
     * Shows the window. Opens {@code files} and offers unsaved work of earlier runs. If there is neither, opens the first
     * sample.
     */
    public void show(List<Path> files) {
        stage.show();
        context.layerInputs().showingProperty().set(true);
        list.focusList();
        if (!files.isEmpty()) {
            context.session().open(files);
        }
        context.session().restore(() -> {
            if (files.isEmpty()) {
                BundledModels.all().stream().findFirst().ifPresent(context.session()::openSample);
            }
        });
    }

    /** Has the first drag run smoothly; call it once. It happens out of sight when the first tensor is shown. */
    public void rehearse() {
        new Rehearsal(stage, theme.get(), context.background()).beginBehind(context.selected());
    }

    /** Shows the tour, if it was never shown, when a model is open. */
    public void offerTour() {
        context.tour().offer();
    }

    /** The theme. Setting it changes the window at once, and it is remembered. */
    public ObjectProperty<Theme> themeProperty() {
        return theme;
    }

    private void dress(Theme chosen) {
        chosen.install();
        chosen.applyTo(scene);
        settings.setDark(chosen == Theme.DARK);
    }

    private void title() {
        stage.setTitle(context.bench()
                        .modelProperty()
                        .get()
                        .map(m -> (context.bench().dirtyProperty().get() ? "• " : "") + Invisible.escaped(m.name())
                                + " – ")
                        .orElse("")
                + "Quantscope");
    }

    private void quantizeInHand() {
        context.bench()
                .selectionProperty()
                .get()
                .ifPresent(id -> context.tensors().quantize(Set.of(id)));
    }

    private void accelerators(HistogramView histogram) {
        GoingBack.install(scene, context.bench());
        commands.fixed().stream()
                // Undo and redo are for the text in a field first.
                .filter(c -> !c.keys().isEmpty() && !c.id().equals("undo") && !c.id().equals("redo"))
                .forEach(c -> bind(c.keys(), c::run));
        for (String plus : List.of("Shortcut+Plus", "Shortcut+Equals", "Shortcut+Shift+Equals", "Shortcut+Add")) {
            bind(plus, scale::larger);
            bind(plus.replace("Shortcut", "Alt"), histogram::zoomIn);
        }
        for (String minus : List.of("Shortcut+Minus", "Shortcut+Subtract")) {
            bind(minus, scale::smaller);
            bind(minus.replace("Shortcut", "Alt"), histogram::zoomOut);
        }
        bind("Shortcut+0", () -> scale.set(UiScale.PERCENTS.getFirst()));
        bind("Alt+0", histogram::showAll);
        for (int i = 0; i < MOST_PAGES; i++) {
            int page = i;
            bind("Shortcut+" + (i + 1), () -> pages.select(page));
        }
    }

    private void bind(String keys, Runnable action) {
        scene.getAccelerators().put(KeyCombination.valueOf(keys), action);
    }

    /** Handles files that were dropped on the window. */
    void drop(List<File> files) {
        drop.drop(files);
    }

    /** Sets what shows a folder in the file browser of the system. */
    public void setFolderOpener(Consumer<Path> opener) {
        actions.setFolderOpener(opener);
    }

    /** The position of the window: the remembered one or a default, on the screens of today. */
    private Rectangle2D place() {
        OptionalDouble x = settings.number("window.x");
        OptionalDouble y = settings.number("window.y");
        Optional<WindowPlace.Corner> corner = x.isPresent() && y.isPresent()
                ? Optional.of(new WindowPlace.Corner(x.getAsDouble(), y.getAsDouble()))
                : Optional.empty();
        WindowPlace wanted = new WindowPlace(corner, length("window.width", WIDTH), length("window.height", HEIGHT));
        return wanted.on(screens());
    }

    /** The usable area of each screen, the main screen first. */
    private static List<Rectangle2D> screens() {
        return Stream.concat(Stream.of(Screen.getPrimary()), Screen.getScreens().stream())
                .map(Screen::getVisualBounds)
                .toList();
    }

    private double length(String name, double usual) {
        double remembered = settings.number(name).orElse(usual);
        return remembered > 0 ? remembered : usual;
    }

    private void remember() {
        settings.setText(MAXIMIZED, Boolean.toString(stage.isMaximized()));
        if (!stage.isMaximized()) {
            settings.setNumber("window.width", stage.getWidth());
            settings.setNumber("window.height", stage.getHeight());
            settings.setNumber("window.x", stage.getX());
            settings.setNumber("window.y", stage.getY());
        }
        settings.setNumber("strip.height", strip.lower());
        settings.setNumber("column.left", columns.leftWidth());
        settings.setNumber("column.right", columns.rightWidth());
        settings.setText(
                MORE_ERRORS, Boolean.toString(context.error().unfoldedProperty().get()));
        settings.setText(PAGE, pages.selectedProperty().get());
    }
}
