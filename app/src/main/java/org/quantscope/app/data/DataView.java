package org.quantscope.app.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import javafx.css.PseudoClass;
import javafx.geometry.HPos;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.TraversalDirection;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.TextArea;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.image.Image;
import javafx.scene.image.ImageView;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.TransferMode;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.data.DataViewModel.Channel;
import org.quantscope.app.data.DataViewModel.Prepared;
import org.quantscope.app.data.DataViewModel.Preset;
import org.quantscope.app.data.DataViewModel.Thumbnail;
import org.quantscope.app.data.DataViewModel.View;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.app.ui.Segments;
import org.quantscope.core.dataset.Colour;
import org.quantscope.core.dataset.Layout;
import org.quantscope.core.dataset.Resize;
import org.quantscope.core.dataset.SamplePicture;
import org.quantscope.core.dataset.Samples;

/** Data on the left, its preprocessing on the right, and below what the model gets of it. */
public final class DataView extends VBox {
    private static final double GAP = 8;
    private static final double WIDE = 20;
    private static final double EDGE = 12;
    private static final double THUMB = 52;
    private static final double FRAME = 6;
    private static final double PICTURE = 128;
    private static final double NAMES = 108;
    private static final double FIGURE = 76;
    private static final double SMALL = 62;
    private static final PseudoClass CHOSEN = PseudoClass.getPseudoClass("chosen");

    private final DataViewModel model;
    private final Segments role = new Segments("Evaluation", "Calibration")
            .describe(0, "input-evaluation", "The data that accuracy is computed on")
            .describe(1, "input-calibration", "The data that ranges of activations are observed on");
    private final Label file = new Label();
    private final Label facts = new Label();
    private final Label unreadable = new Label();
    private final FlowPane thumbnails = new FlowPane(GAP, GAP);
    private final Map<String, TextField> fields = new LinkedHashMap<>();
    private final Map<String, Label> notes = new LinkedHashMap<>();
    private final ComboBox<Optional<Layout>> stored =
            layouts("input-stored", "any layout", "What the stored dimensions of one sample are");
    private final ComboBox<Optional<Layout>> layout =
            layouts("input-layout", "as stored", "What the dimensions of the model’s input are");
    private final TextArea classes = new TextArea();
    private final Label classesName = name("M_odel’s classes", "input-classes");
    private final ComboBox<Optional<Colour>> colour = choice(
            "input-colour",
            List.of(Optional.empty(), Optional.of(Colour.RGB), Optional.of(Colour.BGR), Optional.of(Colour.GREY)),
            o -> o.map(c -> c == Colour.GREY ? "grey" : c.name()).orElse("as stored"));
    private final CheckBox resize = new CheckBox("_Resize to");
    private final ComboBox<String> method =
            choice("input-method", List.of("bilinear, antialiased", "bilinear, 2 × 2", "nearest"), s -> s);
    private final ComboBox<Resize.Aspect> aspect = choice(
            "input-aspect",
            List.of(Resize.Aspect.STRETCH, Resize.Aspect.CROP),
            a -> a == Resize.Aspect.CROP ? "cut the middle out" : "stretch");
    private final Label shorterName = name("Shorter side", "input-shorter");
    private final Label noPictures = new Label();
    private final ImageView picture = new ImageView();
    private final GridPane channels = new GridPane();
    private final Label gets = new Label();
    private final Label wants = new Label();
    private final Label verdict = new Label();
    private final Label guessed =
            new Label("Proposed from the model's input; check it against how the model was trained.");
    private final Button propose = new Button("Use what fits");
    private final Button openFile = new Button("_File…");
    private List<Thumbnail> shown = List.of();
    /** True while the form is filled: nobody types then. */
    private boolean showing = true;

    /** @param browse asks for a file, or for a folder if its argument is true */
    public DataView(DataViewModel model, Function<Boolean, Optional<java.nio.file.Path>> browse) {
        this.model = model;
        setSpacing(GAP);
        setPadding(new Insets(0, 0, 0, EDGE));
        getStyleClass().add("input-view");
        role.setOnChoose(i -> model.show(i == 0 ? Role.EVALUATION : Role.CALIBRATION));
        openFile.setId("input-file");
        openFile.setTooltip(new Tooltip("An .npz, IDX or CSV file"));
        openFile.setOnAction(e -> browse.apply(false).ifPresent(model::load));
        Button openFolder = new Button("Fol_der…");
        openFolder.setId("input-folder");
        openFolder.setTooltip(
                new Tooltip("Pictures in a folder for each class, or a folder of pictures without labels"));
        openFolder.setOnAction(e -> browse.apply(true).ifPresent(model::load));
        openFile.setMinWidth(USE_PREF_SIZE);
        openFolder.setMinWidth(USE_PREF_SIZE);
        file.setId("input-path");
        file.setMinWidth(0);
        HBox.setHgrow(file, Priority.ALWAYS);
        file.setMaxWidth(Double.MAX_VALUE);
        HBox top = new HBox(GAP, role, file, openFile, openFolder);
        top.setAlignment(Pos.CENTER_LEFT);
        facts.setId("input-facts");
        facts.getStyleClass().add("muted");
        unreadable.setId("input-unreadable");
        unreadable.getStyleClass().addAll("hint", "warning");
        unreadable.setWrapText(true);
        unreadable.setMinHeight(USE_PREF_SIZE);
        hideIfEmpty(unreadable);

        thumbnails.setId("input-thumbnails");
        thumbnails.setPrefWrapLength(4 * (THUMB + GAP));
        Label first = head("FIRST SAMPLES");
        noPictures.setId("input-no-pictures");
        noPictures.getStyleClass().add("hint");
        hideIfEmpty(noPictures);
        VBox left = new VBox(GAP, first, noPictures, thumbnails);
        left.setMinWidth(4 * THUMB + 3 * GAP);
        left.setPrefWidth(4 * THUMB + 3 * GAP);
        VBox right = new VBox(GAP, head("PREPROCESSING"), editor());
        HBox.setHgrow(right, Priority.ALWAYS);
        HBox middle = new HBox(WIDE, left, right);
        VBox.setVgrow(middle, Priority.ALWAYS);
        getChildren().addAll(top, facts, unreadable, middle, head("WHAT THE MODEL GETS"), below());
        setOnDragOver(e -> {
            if (e.getDragboard().hasFiles()) {
                e.acceptTransferModes(TransferMode.COPY);
            }
            e.consume();
        });
        setOnDragDropped(e -> {
            e.setDropCompleted(e.getDragboard().hasFiles());
            e.getDragboard().getFiles().stream().findFirst().ifPresent(f -> model.load(f.toPath()));
            e.consume();
        });
        model.onChange(this::show);
    }

    /** Puts the keyboard where a person goes on: to the choice of data, or into the form. */
    public void focusFirst() {
        boolean some = model.viewProperty().get().samples().isPresent();
        Optional.ofNullable(some ? fields.get("scale") : openFile).ifPresent(Node::requestFocus);
    }

    private GridPane editor() {
        GridPane grid = new GridPane(GAP, GAP);
        ColumnConstraints names = new ColumnConstraints(NAMES);
        ColumnConstraints rest = new ColumnConstraints();
        rest.setHgrow(Priority.ALWAYS);
        grid.getColumnConstraints().addAll(names, rest);
        HBox presets = new HBox(GAP / 2);
        for (Preset p : Preset.values()) {
            Button button = new Button(p.title());
            button.setId("input-preset-" + p.name().toLowerCase(Locale.ROOT));
            button.setMinWidth(USE_PREF_SIZE);
            button.setOnAction(e -> model.preset(p));
            presets.getChildren().add(button);
        }
        int row = 0;
        HBox asStored = new HBox(
                GAP,
                field(
                        "shape",
                        "The shape of one stored sample, if its values are to be read in another one: 1×28×28 for 784"
                                + " columns; empty: as it is stored"),
                stored);
        fields.values().forEach(t -> t.setPromptText("shape as it is"));
        HBox.setHgrow(asStored.getChildren().getFirst(), Priority.ALWAYS);
        grid.addRow(row++, name("Stored _as", "input-shape"), new VBox(2, asStored, note("shape")));
        grid.addRow(row++, new Label("Presets"), presets);
        grid.addRow(
                row++,
                name("_Scale", "input-scale"),
                noted("scale", field("scale", "What raw values are multiplied with; 1/255 brings bytes to 0 … 1")));
        grid.addRow(
                row++,
                name("_Mean", "input-mean"),
                noted(
                        "mean",
                        field(
                                "mean",
                                "Subtracted after the scale: one number, or one for each channel between commas")));
        grid.addRow(
                row++,
                name("S_td", "input-std"),
                noted("std", field("std", "What is left is divided by this: one number, or one for each channel")));
        resize.setId("input-resize");
        resize.setOnAction(e -> edited());
        TextField w = field("width", "Width in pixels");
        TextField h = field("height", "Height in pixels");
        TextField s = field(
                "shorter",
                "What the shorter side becomes before the middle is cut out; empty: as little as covers the size");
        for (TextField t : List.of(w, h, s)) {
            t.setPrefWidth(SMALL);
            t.setMinWidth(SMALL);
        }
        HBox size = new HBox(GAP, w, new Label("×"), h, method);
        size.setAlignment(Pos.CENTER_LEFT);
        VBox sizes = new VBox(2, size, note("width"), note("height"));
        grid.addRow(row++, resize, sizes);
        HBox how = new HBox(GAP, aspect, shorterName, s);
        how.setAlignment(Pos.CENTER_LEFT);
        shorterName.setMinWidth(USE_PREF_SIZE);
        grid.addRow(row++, name("Sides", "input-aspect"), new VBox(2, how, note("shorter")));
        Label layoutName = name("_Layout", "input-layout");
        layoutName.setMinWidth(Region.USE_PREF_SIZE);
        HBox form = new HBox(GAP, colour, layoutName, layout);
        form.setAlignment(Pos.CENTER_LEFT);
        grid.addRow(row++, name("_Colour", "input-colour"), form);
        classes.setId("input-classes");
        classes.setPrefRowCount(2);
        classes.setMinHeight(Region.USE_PREF_SIZE);
        classes.setPromptText("as the data numbers them");
        classes.setTooltip(
                new Tooltip("The model’s names of its classes, one on each line in its order, if it numbers them in"
                        + " another way than the data: labels are looked up by name"));
        classes.setAccessibleText("The model’s names of its classes, one on each line");
        classes.textProperty().subscribe(x -> edited());
        // The key goes on to the next field, as everywhere else in the form.
        classes.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (e.getCode() == KeyCode.TAB && !e.isControlDown()) {
                classes.requestFocusTraversal(e.isShiftDown() ? TraversalDirection.PREVIOUS : TraversalDirection.NEXT);
                e.consume();
            }
        });
        classes.managedProperty().bind(classes.visibleProperty());
        classesName.visibleProperty().bind(classes.visibleProperty());
        classesName.managedProperty().bind(classes.visibleProperty());
        TextField label = field(
                "label", "The column of labels in a table: first, last, none, or its name; empty: as it is found");
        VBox labels = noted("label", label);
        Label labelName = name("La_bels in", "input-label");
        for (Node node : List.of(labels, labelName)) {
            node.visibleProperty().bind(label.visibleProperty());
            node.managedProperty().bind(label.visibleProperty());
        }
        grid.addRow(row++, labelName, labels);
        grid.addRow(row, classesName, classes);
        return grid;
    }

    private HBox below() {
        picture.setFitWidth(PICTURE);
        picture.setFitHeight(PICTURE);
        picture.setPreserveRatio(true);
        picture.setSmooth(false);
        StackPane frame = new StackPane(picture);
        frame.visibleProperty().bind(noPictures.visibleProperty().not());
        frame.managedProperty().bind(frame.visibleProperty());
        frame.setId("input-picture");
        frame.getStyleClass().add("input-picture");
        frame.setMinSize(PICTURE, PICTURE);
        frame.setMaxSize(PICTURE, PICTURE);
        channels.setId("input-channels");
        channels.setHgap(GAP);
        channels.setVgap(2);
        gets.setId("input-gets");
        gets.getStyleClass().add("number");
        wants.setId("input-wants");
        wants.getStyleClass().add("number");
        verdict.setId("input-verdict");
        verdict.setWrapText(true);
        verdict.setMinHeight(USE_PREF_SIZE);
        guessed.setId("input-guessed");
        guessed.getStyleClass().add("hint");
        guessed.setWrapText(true);
        guessed.setMinHeight(USE_PREF_SIZE);
        guessed.managedProperty().bind(guessed.visibleProperty());
        propose.setId("input-propose");
        propose.setTooltip(new Tooltip("Set size, colours and layout as the model's input declares them"));
        propose.setOnAction(e -> model.adoptProposal());
        propose.managedProperty().bind(propose.visibleProperty());
        GridPane shapes = new GridPane(GAP, 2);
        shapes.addRow(0, new Label("The model gets"), gets);
        shapes.addRow(1, new Label("It wants"), wants);
        VBox words = new VBox(GAP, shapes, verdict, propose, guessed);
        HBox.setHgrow(words, Priority.ALWAYS);
        HBox below = new HBox(WIDE, frame, channels, words);
        below.setMinHeight(PICTURE);
        return below;
    }

    private TextField field(String key, String tip) {
        TextField field = new TextField();
        field.setId("input-" + key);
        field.setTooltip(new Tooltip(tip));
        field.setAccessibleText(tip);
        field.textProperty().subscribe(x -> edited());
        fields.put(key, field);
        return field;
    }

    private VBox noted(String key, Node field) {
        return new VBox(2, field, note(key));
    }

    private Label note(String key) {
        Label note = new Label();
        note.setId("input-" + key + "-note");
        note.getStyleClass().addAll("hint", "warning");
        note.setWrapText(true);
        note.setMinHeight(USE_PREF_SIZE);
        hideIfEmpty(note);
        notes.put(key, note);
        return note;
    }

    private static void hideIfEmpty(Label label) {
        label.visibleProperty().bind(label.textProperty().isNotEmpty());
        label.managedProperty().bind(label.visibleProperty());
    }

    private static Label head(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("section-head");
        return label;
    }

    private Label name(String text, String of) {
        Label label = new Label(text);
        label.setMnemonicParsing(true);
        sceneProperty().subscribe(scene -> {
            if (scene != null) {
                label.setLabelFor(scene.lookup("#" + of));
            }
        });
        return label;
    }

    private ComboBox<Optional<Layout>> layouts(String id, String none, String tip) {
        ComboBox<Optional<Layout>> box = choice(
                id,
                List.of(Optional.empty(), Optional.of(Layout.NCHW), Optional.of(Layout.NHWC), Optional.of(Layout.NF)),
                o -> o.map(l -> switch (l) {
                            case NCHW -> "planes (NCHW)";
                            case NHWC -> "pixels (NHWC)";
                            case NF -> "features (NF)";
                        })
                        .orElse(none));
        box.setTooltip(new Tooltip(tip));
        box.setAccessibleText(tip);
        return box;
    }

    private <T> ComboBox<T> choice(String id, List<T> values, Function<T, String> title) {
        ComboBox<T> box = new ComboBox<>();
        box.setId(id);
        box.getItems().setAll(values);
        box.setConverter(new StringConverter<>() {
            @Override
            public String toString(@Nullable T value) {
                return value == null ? "" : title.apply(value);
            }

            @Override
            public @Nullable T fromString(String text) {
                return null;
            }
        });
        box.setMinWidth(Region.USE_PREF_SIZE);
        box.setOnAction(e -> edited());
        return box;
    }

    private void edited() {
        if (showing) {
            return;
        }
        int way = method.getSelectionModel().getSelectedIndex();
        model.edit(new PreprocessingForm(
                text("shape"),
                stored.getValue(),
                layout.getValue(),
                colour.getValue(),
                resize.isSelected(),
                text("width"),
                text("height"),
                way == 2 ? Resize.Method.NEAREST : Resize.Method.BILINEAR,
                way != 1,
                aspect.getValue(),
                text("shorter"),
                text("scale"),
                text("mean"),
                text("std"),
                classes.getText(),
                text("label")));
    }

    private String text(String key) {
        TextField field = fields.get(key);
        return field == null ? "" : field.getText();
    }

    private void show(View view) {
        showing = true;
        try {
            showForm(view);
        } finally {
            showing = false;
        }
        role.choose(view.role() == Role.CALIBRATION ? 1 : 0);
        file.setText(
                view.samples().map(s -> s.file().toString()).orElse("Drop a file or a folder here, or choose one"));
        facts.setText(view.samples().map(s -> s.what() + ": ").orElse("") + view.facts());
        unreadable.setText(view.unreadable().orElse(""));
        Prepared p = view.prepared();
        showThumbnails(p.thumbnails());
        noPictures.setText(!p.channels().isEmpty() && p.picture().isEmpty() ? "These samples are no pictures." : "");
        for (int i = 0; i < thumbnails.getChildren().size(); i++) {
            thumbnails.getChildren().get(i).pseudoClassStateChanged(CHOSEN, i == p.sample());
        }
        picture.setImage(p.picture().map(DataView::image).orElse(null));
        gets.setText(view.gets());
        wants.setText(view.wants());
        boolean some = view.samples().isPresent();
        verdict.setText(
                !some
                        ? ""
                        : !view.problems().isEmpty()
                                ? "Nothing can be prepared before the form is right."
                                : view.previous() ? "…" : p.problem().orElse("✓ It fits."));
        verdict.getStyleClass().remove("warning");
        if (p.problem().isPresent()) {
            verdict.getStyleClass().add("warning");
        }
        propose.setVisible(p.proposal().isPresent());
        guessed.setVisible(view.guessed());
        for (Node n : List.of(picture, channels, gets)) {
            n.setOpacity(view.previous() ? 0.5 : 1);
        }
        showChannels(p.channels());
    }

    private void showForm(View view) {
        PreprocessingForm f = view.form();
        Map<String, String> texts = Map.of(
                "shape",
                f.shape(),
                "scale",
                f.scale(),
                "mean",
                f.mean(),
                "std",
                f.std(),
                "width",
                f.width(),
                "height",
                f.height(),
                "shorter",
                f.shorter(),
                "label",
                f.labelColumn());
        fields.forEach((key, field) -> {
            String text = texts.getOrDefault(key, "");
            if (!field.getText().equals(text)) {
                field.setText(text);
            }
        });
        notes.forEach(
                (key, note) -> note.setText(Optional.ofNullable(view.problems().get(key))
                        .map(why -> field(key) + " " + why)
                        .orElse("")));
        stored.setValue(f.stored());
        layout.setValue(f.layout());
        if (!classes.getText().equals(f.classes())) {
            classes.setText(f.classes());
        }
        Optional.ofNullable(fields.get("label")).ifPresent(label -> {
            Optional<String> found = view.samples().flatMap(Samples::labelColumn);
            label.setVisible(found.isPresent());
            label.setPromptText(found.map(column -> "as found: " + column).orElse(""));
        });
        classes.setVisible(view.samples().map(s -> !s.classes().isEmpty()).orElse(false));
        colour.setValue(f.colour());
        resize.setSelected(f.resize());
        method.getSelectionModel().select(f.method() == Resize.Method.NEAREST ? 2 : f.antialias() ? 0 : 1);
        aspect.setValue(f.aspect());
        boolean some = view.samples().isPresent();
        fields.values().forEach(t -> t.setDisable(!some));
        for (String key : List.of("width", "height")) {
            Optional.ofNullable(fields.get(key)).ifPresent(t -> t.setDisable(!some || !f.resize()));
        }
        boolean cuts = f.resize() && f.aspect() == Resize.Aspect.CROP;
        Optional.ofNullable(fields.get("shorter")).ifPresent(t -> t.setDisable(!some || !cuts));
        shorterName.setDisable(!cuts);
        method.setDisable(!some || !f.resize());
        aspect.setDisable(!some || !f.resize());
        List.of(resize, layout, stored, colour).forEach(c -> c.setDisable(!some));
    }

    private static String field(String key) {
        return key.equals("shorter")
                ? "The shorter side"
                : key.equals("label") ? "Labels:" : key.substring(0, 1).toUpperCase(Locale.ROOT) + key.substring(1);
    }

    private void showThumbnails(List<Thumbnail> now) {
        if (now.equals(shown)) {
            return;
        }
        shown = now;
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < now.size(); i++) {
            ImageView image = new ImageView(image(now.get(i).picture()));
            image.setFitWidth(THUMB - FRAME);
            image.setFitHeight(THUMB - FRAME);
            image.setPreserveRatio(true);
            image.setSmooth(false);
            Button button = new Button("", image);
            button.setId("input-thumbnail-" + i);
            button.getStyleClass().add("thumbnail");
            button.setMinSize(THUMB, THUMB);
            button.setPrefSize(THUMB, THUMB);
            String label = now.get(i).label();
            button.setAccessibleText("Sample " + i + (label.isEmpty() ? "" : ", " + label));
            button.setTooltip(new Tooltip("Sample " + i + (label.isEmpty() ? "" : ": " + label)));
            int index = i;
            button.setOnAction(e -> model.look(index));
            nodes.add(button);
        }
        thumbnails.getChildren().setAll(nodes);
    }

    private void showChannels(List<Channel> now) {
        channels.getChildren().clear();
        if (now.isEmpty()) {
            return;
        }
        channels.addRow(0, hint("channel"), hint("min"), hint("max"), hint("mean"));
        for (int c = 0; c < now.size(); c++) {
            Channel channel = now.get(c);
            channels.addRow(
                    c + 1,
                    number(Integer.toString(c), 0),
                    number(channel.min(), c, "min"),
                    number(channel.max(), c, "max"),
                    number(channel.mean(), c, "mean"));
        }
    }

    private static Label hint(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("hint");
        label.setMinWidth(USE_PREF_SIZE);
        GridPane.setHalignment(label, HPos.RIGHT);
        return label;
    }

    private static Label number(double value, int channel, String what) {
        Label label = number(String.format(Locale.ROOT, "%.4g", value), FIGURE);
        label.setId("input-" + what + "-" + channel);
        return label;
    }

    private static Label number(String text, double width) {
        Label label = new Label(text);
        label.getStyleClass().add("number");
        label.setMinWidth(width > 0 ? width : USE_PREF_SIZE);
        label.setAlignment(Pos.CENTER_RIGHT);
        GridPane.setHalignment(label, HPos.RIGHT);
        return label;
    }

    private static Image image(SamplePicture p) {
        WritableImage image = new WritableImage(p.width(), p.height());
        image.getPixelWriter()
                .setPixels(0, 0, p.width(), p.height(), PixelFormat.getIntArgbInstance(), p.argb(), 0, p.width());
        return image;
    }
}
