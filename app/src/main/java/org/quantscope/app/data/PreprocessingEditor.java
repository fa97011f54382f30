package org.quantscope.app.data;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
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
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.data.DataViewModel.Preset;
import org.quantscope.app.data.DataViewModel.View;
import org.quantscope.core.dataset.Colour;
import org.quantscope.core.dataset.Layout;
import org.quantscope.core.dataset.Resize;
import org.quantscope.core.dataset.Samples;

/** The form for preprocessing: how stored samples become inputs of the model. */
final class PreprocessingEditor extends GridPane {
    private static final double GAP = 8;
    private static final double NAMES = 108;
    private static final double SMALL = 62;

    private final Consumer<PreprocessingForm> onEdit;
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
    private final HBox numbers = new HBox(GAP);
    private final CheckBox resize = new CheckBox("_Resize to");
    private final ComboBox<String> method =
            choice("input-method", List.of("bilinear, antialiased", "bilinear, 2 × 2", "nearest"), s -> s);
    private final ComboBox<Resize.Aspect> aspect = choice(
            "input-aspect",
            List.of(Resize.Aspect.STRETCH, Resize.Aspect.CROP),
            a -> a == Resize.Aspect.CROP ? "cut the middle out" : "stretch");
    private final Label shorterName = name("Shorter side", "input-shorter");
    /** True while the program fills in the form, so that changes are not taken for typing. */
    private boolean showing = true;

    /**
     * @param onEdit called with the form after each change by the user
     * @param onPreset called when the user chooses a preset
     */
    PreprocessingEditor(Consumer<PreprocessingForm> onEdit, Consumer<Preset> onPreset) {
        super(GAP, GAP);
        this.onEdit = onEdit;
        ColumnConstraints names = new ColumnConstraints(NAMES);
        ColumnConstraints rest = new ColumnConstraints();
        rest.setHgrow(Priority.ALWAYS);
        getColumnConstraints().addAll(names, rest);
        HBox presets = new HBox(GAP / 2);
        for (Preset p : Preset.values()) {
            Button button = new Button(p.title());
            button.setId("input-preset-" + p.name().toLowerCase(Locale.ROOT));
            button.setMinWidth(USE_PREF_SIZE);
            button.setOnAction(e -> onPreset.accept(p));
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
        addRow(row++, name("Stored _as", "input-shape"), new VBox(2, asStored, note("shape")));
        addRow(row++, new Label("Presets"), presets);
        addRow(
                row++,
                name("_Scale", "input-scale"),
                noted("scale", field("scale", "Raw values are multiplied by this; 1/255 maps bytes to 0 … 1")));
        addRow(
                row++,
                name("_Mean", "input-mean"),
                noted(
                        "mean",
                        field(
                                "mean",
                                "Subtracted after the scale: one number, or one for each channel between commas")));
        addRow(
                row++,
                name("S_td", "input-std"),
                noted("std", field("std", "The result is divided by this: one number, or one for each channel")));
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
        addRow(row++, resize, sizes);
        HBox how = new HBox(GAP, aspect, shorterName, s);
        how.setAlignment(Pos.CENTER_LEFT);
        shorterName.setMinWidth(USE_PREF_SIZE);
        TextField corruption = field(
                "corruption",
                "Makes samples worse after the size and before the scale: an id and a severity from 0 to 5, such as"
                        + " noise:3; empty: as they are");
        corruption.setPromptText("none, or such as noise:3");
        addRow(row++, name("Sides", "input-aspect"), new VBox(2, how, note("shorter")));
        addRow(row++, name("Corr_uption", "input-corruption"), noted("corruption", corruption));
        Label layoutName = name("_Layout", "input-layout");
        layoutName.setMinWidth(Region.USE_PREF_SIZE);
        HBox form = new HBox(GAP, colour, layoutName, layout);
        form.setAlignment(Pos.CENTER_LEFT);
        addRow(row++, name("_Colour", "input-colour"), form);
        classes.setId("input-classes");
        classes.setPrefRowCount(2);
        classes.setMinHeight(Region.USE_PREF_SIZE);
        classes.setPromptText("as the data numbers them");
        classes.setTooltip(
                new Tooltip("The model’s names of its classes, one on each line in its order, if it numbers them in"
                        + " another way than the data: labels are looked up by name"));
        classes.setAccessibleText("The model’s names of its classes, one on each line");
        classes.textProperty().subscribe(x -> edited());
        // Tab moves on to the next field here too, as in all other fields.
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
        addRow(row++, labelName, labels);
        TextField first = field("first", "The number of the first class in the data; empty: 0");
        TextField ignored = field(
                "ignore", "The label that stands for a sample or position that is not scored, such as −100 or 255");
        first.setPromptText("0");
        ignored.setPromptText("none");
        for (TextField t : List.of(first, ignored)) {
            t.setPrefWidth(SMALL);
            t.setMinWidth(SMALL);
        }
        Label firstName = name("Classes _from", "input-first");
        Label ignoredName = name("Not scored", "input-ignore");
        ignoredName.setMinWidth(Region.USE_PREF_SIZE);
        numbers.getChildren().setAll(first, ignoredName, ignored);
        numbers.setAlignment(Pos.CENTER_LEFT);
        VBox numbered = new VBox(2, numbers, note("first"), note("ignore"));
        for (Node node : List.of(numbered, firstName)) {
            node.visibleProperty().bind(numbers.visibleProperty());
            node.managedProperty().bind(numbers.visibleProperty());
        }
        addRow(row++, firstName, numbered);
        addRow(row, classesName, classes);
    }

    /** Focuses the form. */
    void focusFirst() {
        Optional.ofNullable(fields.get("scale")).ifPresent(Node::requestFocus);
    }

    /** Fills in the form without calling the listener. */
    void show(View view) {
        showing = true;
        try {
            showForm(view);
        } finally {
            showing = false;
        }
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

    static void hideIfEmpty(Label label) {
        label.visibleProperty().bind(label.textProperty().isNotEmpty());
        label.managedProperty().bind(label.visibleProperty());
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
        onEdit.accept(new PreprocessingForm(
                new PreprocessingForm.Sample(text("shape"), stored.getValue(), layout.getValue(), colour.getValue()),
                new PreprocessingForm.Size(
                        resize.isSelected(),
                        text("width"),
                        text("height"),
                        way == 2 ? Resize.Method.NEAREST : Resize.Method.BILINEAR,
                        way != 1,
                        aspect.getValue(),
                        text("shorter")),
                new PreprocessingForm.Values(text("scale"), text("mean"), text("std"), text("corruption")),
                new PreprocessingForm.Labels(classes.getText(), text("label"), text("first"), text("ignore"))));
    }

    private String text(String key) {
        TextField field = fields.get(key);
        return field == null ? "" : field.getText();
    }

    private void showForm(View view) {
        PreprocessingForm f = view.form();
        Map<String, String> texts = Map.ofEntries(
                Map.entry("shape", f.sample().shape()),
                Map.entry("scale", f.values().scale()),
                Map.entry("mean", f.values().mean()),
                Map.entry("std", f.values().std()),
                Map.entry("corruption", f.values().corruption()),
                Map.entry("width", f.size().width()),
                Map.entry("height", f.size().height()),
                Map.entry("shorter", f.size().shorter()),
                Map.entry("label", f.labels().column()),
                Map.entry("first", f.labels().first()),
                Map.entry("ignore", f.labels().ignored()));
        fields.forEach((key, field) -> {
            String text = texts.getOrDefault(key, "");
            if (!field.getText().equals(text)) {
                field.setText(text);
            }
        });
        notes.forEach((key, note) ->
                note.setText(Optional.ofNullable(view.entered().problems().get(key))
                        .map(why -> field(key) + " " + why)
                        .orElse("")));
        stored.setValue(f.sample().stored());
        layout.setValue(f.sample().layout());
        if (!classes.getText().equals(f.labels().classes())) {
            classes.setText(f.labels().classes());
        }
        Optional.ofNullable(fields.get("label")).ifPresent(label -> {
            Optional<String> found = view.samples().flatMap(Samples::labelColumn);
            label.setVisible(found.isPresent());
            label.setPromptText(found.map(column -> "as found: " + column).orElse(""));
        });
        numbers.setVisible(view.samples().map(s -> s.labels().isPresent()).orElse(false));
        classes.setVisible(view.samples().map(s -> !s.classes().isEmpty()).orElse(false));
        colour.setValue(f.sample().colour());
        resize.setSelected(f.size().resize());
        method.getSelectionModel()
                .select(
                        f.size().method() == Resize.Method.NEAREST
                                ? 2
                                : f.size().antialias() ? 0 : 1);
        aspect.setValue(f.size().aspect());
        boolean some = view.samples().isPresent();
        fields.values().forEach(t -> t.setDisable(!some));
        for (String key : List.of("width", "height")) {
            Optional.ofNullable(fields.get(key))
                    .ifPresent(t -> t.setDisable(!some || !f.size().resize()));
        }
        boolean cuts = f.size().resize() && f.size().aspect() == Resize.Aspect.CROP;
        Optional.ofNullable(fields.get("shorter")).ifPresent(t -> t.setDisable(!some || !cuts));
        shorterName.setDisable(!cuts);
        method.setDisable(!some || !f.size().resize());
        aspect.setDisable(!some || !f.size().resize());
        List.of(resize, layout, stored, colour).forEach(c -> c.setDisable(!some));
    }

    private static String field(String key) {
        return key.equals("shorter")
                ? "The shorter side"
                : key.equals("first")
                        ? "The first class"
                        : key.equals("ignore")
                                ? "What is not scored"
                                : key.equals("label")
                                        ? "Labels:"
                                        : key.substring(0, 1).toUpperCase(Locale.ROOT) + key.substring(1);
    }
}
