package org.quantscope.app.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import javafx.css.PseudoClass;
import javafx.geometry.HPos;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.Tooltip;
import javafx.scene.image.Image;
import javafx.scene.image.ImageView;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import javafx.scene.input.TransferMode;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.quantscope.app.data.DataViewModel.View;
import org.quantscope.app.data.Prepared.Channel;
import org.quantscope.app.data.Prepared.Thumbnail;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.app.ui.Segments;
import org.quantscope.core.dataset.SamplePicture;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.Invisible;

/** The form for data: the file on the left, its preprocessing on the right, and below them what the model gets. */
public final class DataView extends VBox {
    private static final double GAP = 8;
    private static final double WIDE = 20;
    private static final double EDGE = 12;
    private static final double THUMB = 52;
    private static final double FRAME = 6;
    private static final double PICTURE = 128;
    private static final double FIGURE = 76;
    /** Least height of the part that scrolls, in pixels. */
    private static final double FORM_MIN = 140;

    private static final PseudoClass CHOSEN = PseudoClass.getPseudoClass("chosen");

    private final DataViewModel model;
    private final Segments role = new Segments("Evaluation", "Calibration")
            .describe(0, "input-evaluation", "The data that accuracy is computed on")
            .describe(1, "input-calibration", "The data that ranges of activations are observed on");
    private final Label file = new Label();
    private final Label facts = new Label();
    private final Label leftOut = new Label();
    private final Label unreadable = new Label();
    private final FlowPane thumbnails = new FlowPane(GAP, GAP);
    private final PreprocessingEditor editor;
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

    /** @param browse asks the user for a file, or for a folder if its argument is true */
    public DataView(DataViewModel model, Function<Boolean, Optional<java.nio.file.Path>> browse) {
        this.model = model;
        this.editor = new PreprocessingEditor(model::edit, model::preset);
        setSpacing(GAP);
        setPadding(new Insets(0, 0, 0, EDGE));
        getStyleClass().add("input-view");
        role.setOnChoose(i -> model.show(i == 0 ? Role.EVALUATION : Role.CALIBRATION));
        openFile.setId("input-file");
        openFile.setTooltip(new Tooltip("An .npz, IDX or CSV file"));
        openFile.setOnAction(e -> browse.apply(false).ifPresent(model::load));
        Button openFolder = new Button("Fol_der…");
        openFolder.setId("input-folder");
        openFolder.setTooltip(new Tooltip(
                "A folder with a subfolder of pictures for each class, or a folder of pictures without labels"));
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
        leftOut.setId("input-left-out");
        leftOut.getStyleClass().add("hint");
        leftOut.setWrapText(true);
        leftOut.setMinHeight(USE_PREF_SIZE);
        PreprocessingEditor.hideIfEmpty(leftOut);
        unreadable.setId("input-unreadable");
        unreadable.getStyleClass().addAll("hint", "warning");
        unreadable.setWrapText(true);
        unreadable.setMinHeight(USE_PREF_SIZE);
        PreprocessingEditor.hideIfEmpty(unreadable);

        thumbnails.setId("input-thumbnails");
        thumbnails.setPrefWrapLength(4 * (THUMB + GAP));
        Label first = head("FIRST SAMPLES");
        noPictures.setId("input-no-pictures");
        noPictures.getStyleClass().add("hint");
        PreprocessingEditor.hideIfEmpty(noPictures);
        VBox left = new VBox(GAP, first, noPictures, thumbnails);
        left.setMinWidth(4 * THUMB + 3 * GAP);
        left.setPrefWidth(4 * THUMB + 3 * GAP);
        VBox right = new VBox(GAP, head("PREPROCESSING"), editor);
        HBox.setHgrow(right, Priority.ALWAYS);
        // The form is higher than a small screen; what was chosen and what the model gets stay in sight.
        ScrollPane middle = new ScrollPane(new HBox(WIDE, left, right));
        middle.setId("input-form");
        middle.setFitToWidth(true);
        middle.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        middle.getStyleClass().add("plain");
        middle.setMinHeight(FORM_MIN);
        VBox.setVgrow(middle, Priority.ALWAYS);
        getChildren().addAll(top, facts, leftOut, unreadable, middle, head("WHAT THE MODEL GETS"), below());
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

    /** Focuses the field to go on with: the choice of data, or the form if data was chosen. */
    public void focusFirst() {
        if (model.viewProperty().get().samples().isPresent()) {
            editor.focusFirst();
        } else {
            openFile.requestFocus();
        }
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
        channels.getStyleClass().add("channel-facts");
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

    private static Label head(String text) {
        Label label = new Label(text);
        label.getStyleClass().add("section-head");
        return label;
    }

    private void show(View view) {
        editor.show(view);
        role.choose(view.role() == Role.CALIBRATION ? 1 : 0);
        file.setText(view.samples()
                .map(s -> Invisible.escaped(s.file().toString()))
                .orElse("Drop a file or a folder here, or choose one"));
        facts.setText(view.samples().map(s -> s.what() + ": ").orElse("") + view.facts());
        leftOut.setText(view.samples()
                .map(Samples::leftOut)
                .filter(clauses -> !clauses.isEmpty())
                .map(SampleFeed::leftOut)
                .orElse(""));
        unreadable.setText(view.source().unreadable().orElse(""));
        Prepared p = view.prepared();
        showThumbnails(p.thumbnails());
        noPictures.setText(!p.channels().isEmpty() && p.picture().isEmpty() ? "These samples are not pictures." : "");
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
                        : !view.entered().problems().isEmpty()
                                ? "Nothing can be prepared until the form is correct."
                                : view.result().previous() ? "…" : p.problem().orElse("✓ It fits."));
        verdict.getStyleClass().remove("warning");
        if (p.problem().isPresent()) {
            verdict.getStyleClass().add("warning");
        }
        propose.setVisible(p.proposal().isPresent());
        guessed.setVisible(view.entered().guessed());
        for (Node n : List.of(picture, channels, gets)) {
            n.setOpacity(view.result().previous() ? 0.5 : 1);
        }
        showChannels(p.channels());
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
            String label = Invisible.escaped(now.get(i).label());
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
