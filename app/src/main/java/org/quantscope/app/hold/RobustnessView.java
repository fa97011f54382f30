package org.quantscope.app.hold;

import java.util.Optional;
import javafx.collections.FXCollections;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.Slider;
import javafx.scene.image.ImageView;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.SampleImages;
import org.quantscope.app.ui.SteadyLabel;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.dataset.SamplePicture;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.robustness.Robustness;

/** Both models on samples that get worse: a slider, a sample before and after, the figure there, and the curve. */
public final class RobustnessView extends VBox {
    private static final double GAP = 12;
    private static final double PICTURE = 96;
    private static final double CHOICE_WIDTH = 150;
    private static final double SLIDER_WIDTH = 220;
    private static final double STEP = 0.5;

    private final ComboBox<Corruption> choice = new ComboBox<>();
    private final Slider slider = new Slider(0, Corrupted.MOST, 0);
    private final Label said = hint("robustness-said");
    private final Label why = hint("robustness-why");
    private final ImageView before = picture("robustness-before");
    private final ImageView after = picture("robustness-after");
    private final HBox pictures = new HBox(GAP, framed("as it is", before), framed("corrupted", after));
    private final Label live = new Label();
    private final Label liveMore = hint("robustness-live-more");
    private final CurveChart chart;
    private final Label legend = hint("robustness-legend");
    private final ProgressBar bar = new ProgressBar();
    private final Label doing = new SteadyLabel();
    private final HBox progress = new HBox(GAP, bar, doing);
    private final HBox controls = new HBox(GAP);
    private final Subscription watching;
    private boolean updating;

    public RobustnessView(RobustnessViewModel model, Palette palette) {
        super(GAP);
        chart = new CurveChart(palette);
        setPadding(new Insets(GAP));
        choice.setId("robustness-corruption");
        choice.setAccessibleText("Corruption");
        choice.setPrefWidth(CHOICE_WIDTH);
        choice.setConverter(new StringConverter<>() {
            @Override
            public String toString(@Nullable Corruption c) {
                return c == null ? "" : c.title();
            }

            @Override
            public @Nullable Corruption fromString(String text) {
                return null;
            }
        });
        choice.valueProperty().addListener((o, was, is) -> {
            if (!updating && is != null) {
                model.choose(is);
            }
        });
        slider.setId("robustness-severity");
        slider.setAccessibleText("Severity");
        slider.setPrefWidth(SLIDER_WIDTH);
        slider.setMajorTickUnit(1);
        slider.setMinorTickCount(1);
        slider.setBlockIncrement(STEP);
        slider.setSnapToTicks(true);
        slider.setShowTickMarks(true);
        slider.setShowTickLabels(true);
        slider.valueProperty().addListener((o, was, is) -> {
            if (!updating) {
                model.setSeverity(Math.rint(is.doubleValue() / STEP) * STEP);
            }
        });
        Label severity = new Label("Severity");
        severity.setLabelFor(slider);
        controls.setAlignment(Pos.CENTER_LEFT);
        controls.getChildren().addAll(choice, severity, slider);
        live.setId("robustness-live");
        live.getStyleClass().add("strong");
        live.setWrapText(true);
        VBox figures = new VBox(GAP / 2, said, live, liveMore);
        HBox.setHgrow(figures, Priority.ALWAYS);
        HBox middle = new HBox(2 * GAP, pictures, figures);
        middle.setAlignment(Pos.CENTER_LEFT);
        VBox.setVgrow(chart, Priority.ALWAYS);
        bar.setAccessibleText("Progress of the curve");
        doing.setId("robustness-doing");
        doing.getStyleClass().add("hint");
        progress.setAlignment(Pos.CENTER_LEFT);
        getChildren().addAll(why, controls, middle, chart, legend, progress);
        watching = model.viewProperty().subscribe(this::show);
    }

    private static Label hint(String id) {
        Label label = new Label();
        label.setId(id);
        label.getStyleClass().add("hint");
        label.setWrapText(true);
        label.setMinHeight(USE_PREF_SIZE);
        return label;
    }

    private static ImageView picture(String id) {
        ImageView view = new ImageView();
        view.setId(id);
        view.setFitWidth(PICTURE);
        view.setFitHeight(PICTURE);
        view.setPreserveRatio(true);
        view.setSmooth(false);
        return view;
    }

    private static VBox framed(String text, ImageView picture) {
        Label label = new Label(text);
        label.getStyleClass().add("hint");
        VBox box = new VBox(2, picture, label);
        box.setAlignment(Pos.CENTER);
        box.setMinWidth(PICTURE);
        return box;
    }

    private void show(RobustnessState v) {
        updating = true;
        boolean can = v.obstacle().isEmpty();
        why.setText(v.obstacle());
        shown(why, !can);
        controls.setDisable(!can);
        if (!choice.getItems().equals(v.corruptions())) {
            choice.setItems(FXCollections.observableArrayList(v.corruptions()));
        }
        choice.setValue(v.chosen().orElse(null));
        if (!slider.isValueChanging()) {
            slider.setValue(v.severity());
        }
        updating = false;
        image(before, v.before());
        image(after, v.after());
        shown(pictures, v.before().isPresent());
        said.setText(v.live()
                .flatMap(Robustness.Point::said)
                .orElse(v.severity() == 0 && v.live().isPresent() ? "as it is" : ""));
        live.setText(v.live().map(RobustnessView::words).orElse(can ? "evaluating …" : ""));
        liveMore.setText(v.live()
                .map(p -> v.liveOf() + " of " + v.data() + "; " + p.lost() + " lost, " + p.gained() + " gained, "
                        + p.other() + " moved between wrong classes")
                .orElse(v.liveOf()));
        chart.show(v.curve(), v.severity());
        legend.setText(
                v.curve().isEmpty()
                        ? ""
                        : (v.stale() ? "Of earlier settings. " : "")
                                + "Grey: float, green: quantized; bands: 95 % for samples such as these; n = "
                                + v.curve().getFirst().figure().seen() + ".");
        shown(progress, v.running());
        bar.setProgress(v.share() < 0 ? ProgressBar.INDETERMINATE_PROGRESS : v.share());
        doing.setText(v.doing());
    }

    private static String words(Robustness.Point p) {
        AccuracyEstimate f = p.figure();
        boolean share = f.task().isFraction();
        return f.task().title() + ": float "
                + (share ? Figures.percent(f.floatScore()) : Figures.small(f.floatScore()))
                + ", quantized " + (share ? Figures.percent(f.score()) : Figures.small(f.score())) + ", n = "
                + f.seen();
    }

    private static void image(ImageView view, Optional<SamplePicture> picture) {
        view.setImage(picture.map(SampleImages::of).orElse(null));
    }

    private static void shown(javafx.scene.Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }

    public void setPalette(Palette next) {
        chart.setPalette(next);
    }

    /** Looks no more. */
    public void close() {
        watching.unsubscribe();
    }
}
