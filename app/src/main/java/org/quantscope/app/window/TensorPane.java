package org.quantscope.app.window;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.scene.shape.Line;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.cards.CardButtons;
import org.quantscope.app.cards.Cards;
import org.quantscope.app.cards.ShownCard;
import org.quantscope.app.selected.ClipCurve;
import org.quantscope.app.selected.ErrorCurve;
import org.quantscope.app.selected.ErrorCurveView;
import org.quantscope.app.selected.HistogramData;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.selected.QuantizerViewModel;
import org.quantscope.app.selected.RangeListener;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.selected.SelectedValues;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.ui.Copyable;
import org.quantscope.app.ui.Explained;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.Segments;
import org.quantscope.app.ui.TabbedCard;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.lesson.Lesson.Card;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.sketch.MomentSketch;

/**
 * The charts of the selected tensor: its histogram with the clipping range, its error as a function of the clip, and
 * further pages.
 */
final class TensorPane extends VBox {
    /** From this width of the card on, in pixels, the number of values is shown beside the shape. */
    private static final double ROOM_FOR_MANY = 520;

    /** From this width of the card on, in pixels, the shape is shown beside the name. */
    private static final double ROOM_FOR_SHAPE = 400;

    private static final double ROOM_FOR_HINT = 410;
    private static final double GAP = 10;
    /** The least width of the title in pixels; a longer name is cut to make room for the facts beside it. */
    private static final double TITLE_MIN = 150;

    private static final double KEY_LENGTH = 14;
    private static final String CURVE = "Error against clip";
    private static final String OUTPUT = "at the output";

    /** Distance from the top in pixels, below the values of the handles. */
    private static final double BELOW_VALUES = 34;

    private final CardColumn column;
    private final SelectedTensor selected;
    private final QuantizerViewModel quantizer;
    private final HistogramView histogram = new HistogramView();
    private final ErrorCurveView curve = new ErrorCurveView();
    private final Label title = new Label() {
        @Override
        protected double computeMinWidth(double height) {
            return Math.min(TITLE_MIN, computePrefWidth(height));
        }
    };
    private final Label facts = label("muted");
    /** How many values there are; the first thing to go where room is short. */
    private final Label many = label("muted");

    private final Button channel = new Button();
    private final Label rangeHint = label("hint");
    private final Label curveHint = label("hint");
    private final Label outputKey = key(OUTPUT);
    private final Label curveTitle = text("title", CURVE);
    private final HBox curveKeys = head(key("total"), key("rounding"), key("clipping"), outputKey);
    private final HBox curveButtons = head();
    private final HBox headOfErrors = head(curveTitle, curveKeys, spacer(), curveHint, curveButtons);
    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>(this, "palette", Theme.DARK.palette());
    private @Nullable MomentSketch shownValues;
    private @Nullable Object shownSubject;
    /** The tensor and what is known of its values, as the heading says it. */
    private @Nullable QuantizableTensor named;

    private @Nullable SelectedValues described;

    /** @param pages further pages about the tensor, under the curve */
    TensorPane(SelectedTensor selected, QuantizerViewModel quantizer, TabbedCard pages, Cards cards) {
        super(GAP);
        this.selected = selected;
        this.quantizer = quantizer;
        setMinHeight(0);
        setPadding(new Insets(12));

        title.setId("tensor-name");
        title.getStyleClass().add("title");
        Segments axis = new Segments("lin", "log")
                .describe(0, "lin", "Counts on a linear axis")
                .describe(1, "log", "Counts on a logarithmic axis");
        axis.choose(1);
        axis.setOnChoose(i -> histogram.logProperty().set(i == 1));
        HBox zoom = new HBox(
                zoomButton("−", "zoom-out", "Show more of the values (Alt+−, or the wheel)", histogram::zoomOut),
                zoomButton("+", "zoom-in", "Show fewer of the values (Alt++, or the wheel)", histogram::zoomIn),
                zoomButton("⤢", "zoom-all", "Show all values (Alt+0, or a double click)", histogram::showAll));
        zoom.setAlignment(Pos.CENTER_LEFT);
        channel.setId("channel-in-hand");
        channel.setMinWidth(USE_PREF_SIZE);
        channel.getStyleClass().add("link");
        channel.setTooltip(new Tooltip("Back to the whole tensor"));
        channel.setOnAction(e -> selected.selectSlice(SelectedTensor.ALL));
        rangeHint.setId("range-hint");
        rangeHint.getStyleClass().add("over-plot");
        rangeHint.setMouseTransparent(true);
        StackPane plot = new StackPane(histogram, rangeHint);
        StackPane.setAlignment(rangeHint, Pos.TOP_CENTER);
        StackPane.setMargin(rangeHint, new Insets(BELOW_VALUES, 0, 0, 0));
        facts.setId("tensor-facts");
        many.setId("tensor-many");
        facts.setMinWidth(USE_PREF_SIZE);
        many.setMinWidth(0);
        many.managedProperty().bind(many.visibleProperty());
        HBox headOfValues =
                head(title, facts, many, spacer(), channel, zoom, axis, new CardButtons(cards, ShownCard.HISTOGRAM));
        headOfValues.setMinWidth(0);
        facts.managedProperty().bind(facts.visibleProperty());
        headOfValues.widthProperty().subscribe(w -> {
            many.setVisible(w.doubleValue() > ROOM_FOR_MANY);
            facts.setVisible(w.doubleValue() > ROOM_FOR_SHAPE);
        });
        VBox values = card(headOfValues, plot);
        VBox.setVgrow(plot, Priority.ALWAYS);

        outputKey.setTooltip(new Tooltip("Error at the output of the layer on the calibration data, drawn so that equal"
                + " heights are equal SQNR; of a channel that of its output"));
        outputKey.setVisible(false);
        outputKey.managedProperty().bind(outputKey.visibleProperty());
        curveButtons.getChildren().setAll(new CardButtons(cards, ShownCard.CURVE));
        curveButtons.setMinWidth(USE_PREF_SIZE);
        headOfErrors.setMinWidth(0);
        curveTitle.managedProperty().bind(curveTitle.visibleProperty());
        Explained.as(curveTitle, "error against the clip");
        Explained.as(outputKey, OUTPUT);
        headOfErrors.widthProperty().subscribe(w -> {
            curveHint.setVisible(w.doubleValue() > ROOM_FOR_HINT);
            shorten();
        });
        outputKey.visibleProperty().subscribe(x -> shorten());
        curveHint.managedProperty().bind(curveHint.visibleProperty());
        VBox errors = card(headOfErrors, curve);
        VBox.setVgrow(curve, Priority.ALWAYS);

        histogram.setId("histogram");
        Copyable.install(histogram, () -> histogram.figure(title.getText()));
        Copyable.install(curve, () -> curve.figure(title.getText()));
        histogram.setListener(new RangeListener() {
            @Override
            public void preview(ClipRange range) {
                selected.preview(range);
            }

            @Override
            public void commit(ClipRange range) {
                selected.preview(range);
                selected.commit();
            }

            @Override
            public void cancel() {
                selected.cancel();
            }
        });
        curve.setOnPin(pin -> selected.curveProperty()
                .get()
                .flatMap(c -> c.pins().stream()
                        .filter(p -> p.calibratorId().equals(pin.id()))
                        .findFirst())
                .ifPresent(this::adopt));
        histogram.paletteProperty().bind(palette);
        curve.paletteProperty().bind(palette);
        column = new CardColumn(this, cards, values, errors, pages);
        selected.curveShowingProperty().bind(visibleProperty().and(errors.visibleProperty()));
        selected.viewProperty().subscribe(v -> showView());
        selected.curveProperty().subscribe(this::showCurve);
    }

    /** Where the heading of the curve has no room for all its words, they get shorter; the key stays. */
    private void shorten() {
        double room = headOfErrors.getWidth();
        curveTitle.setText(CURVE);
        outputKey.setText(OUTPUT);
        curveTitle.setVisible(true);
        if (headOfErrors.prefWidth(-1) > room) {
            curveTitle.setText("Error");
        }
        if (headOfErrors.prefWidth(-1) > room) {
            outputKey.setText("output");
        }
        curveTitle.setVisible(headOfErrors.prefWidth(-1) <= room);
    }

    private static Button zoomButton(String sign, String id, String tip, Runnable action) {
        Button button = new Button(sign);
        button.setId(id);
        button.getStyleClass().addAll("icon", "flat");
        button.setTooltip(new Tooltip(tip));
        button.setAccessibleText(tip);
        button.setMinWidth(USE_PREF_SIZE);
        button.setOnAction(e -> action.run());
        return button;
    }

    /** The chart of the values. */
    HistogramView histogram() {
        return histogram;
    }

    /** The card with the error of every range. */
    Node errorsOfRanges() {
        return column.of(ShownCard.CURVE);
    }

    ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    /** Applies a calibrator's choice: for one slice as a range, for the whole tensor by selecting the calibrator. */
    private void adopt(ClipCurve.Pin pin) {
        if (selected.viewProperty().get().map(SelectedTensor.View::ownRanges).orElse(false)) {
            selected.setRange(pin.range());
        } else {
            quantizer.setCalibrator(pin.calibratorId());
        }
    }

    private void showView() {
        Optional<SelectedTensor.View> view = selected.viewProperty().get();
        if (view.isEmpty()) {
            named = null;
            described = null;
            title.setText("No tensor");
            facts.setText("");
            many.setText("");
            shownValues = null;
            shownSubject = null;
            histogram.setData(null);
            histogram.setEnabledHandles(false);
            curve.setCurve(null);
            curve.setNote("No tensor is selected.");
            curve.clearCurrent();
            curveKeys.setVisible(false);
            curveHint.setText("");
            channel.setVisible(false);
            hintAtRange("");
            return;
        }
        show(view.get());
    }

    private void show(SelectedTensor.View v) {
        boolean one = v.slice() != SelectedTensor.ALL;
        // A drag leaves the tensor and its values as they are.
        if (!v.subject().equals(named) || !v.values().equals(described)) {
            named = v.subject();
            described = v.values();
            title.setText(v.subject().shortName() + (v.subject() instanceof QuantizableTensor.Weight ? " weight" : ""));
            facts.setText(shape(v));
            many.setText(count(v));
            channel.setVisible(one);
            channel.setManaged(one);
            channel.setText(v.noun() + " " + v.slice() + "  ✕");
            channel.setAccessibleText("Back from " + v.noun() + " " + v.slice() + " to all");
        }
        MomentSketch values = v.shown().filter(s -> s.count() > 0).orElse(null);
        if (values != shownValues || !v.subject().id().equals(shownSubject)) {
            shownValues = values;
            shownSubject = v.subject().id();
            histogram.setData(values == null ? null : HistogramData.of(values));
        }
        boolean symmetric = v.spec().map(s -> s.symmetric()).orElse(false);
        histogram.setEnabledHandles(v.draggable());
        hintAtRange(rangeHint(v));
        histogram.setClip(values == null ? null : v.clip().orElse(null), symmetric);
        histogram.setGrid(v.grid().orElse(null));
        showCurrent(v);
    }

    /** Puts the keyboard on the upper handle of the range. */
    void focusHandle() {
        Node handle = histogram.lookup("#handle-hi");
        if (handle != null) {
            handle.requestFocus();
        }
    }

    /** Covers cards, which keep their place, and uncovers all others. */
    void cover(Set<Card> covered) {
        column.cover(here(covered));
    }

    /** Makes cards pale, and all others clear. */
    void fade(Set<Card> faded) {
        column.fade(here(faded));
    }

    private static Set<ShownCard> here(Set<Card> cards) {
        Set<ShownCard> here = EnumSet.noneOf(ShownCard.class);
        cards.forEach(card -> {
            switch (card) {
                case HISTOGRAM -> here.add(ShownCard.HISTOGRAM);
                case CURVE -> here.add(ShownCard.CURVE);
                case PAGES -> here.add(ShownCard.PAGES);
                case LIST, QUANTIZER, ERROR, ACCURACY -> {}
            }
        });
        return here;
    }

    /** A card as it is moved to another window. */
    Node card(ShownCard card) {
        return column.of(card);
    }

    private void hintAtRange(String text) {
        rangeHint.setText(text);
        rangeHint.setVisible(!text.isEmpty());
    }

    /** Why no range can be dragged; empty if one can. */
    private static String rangeHint(SelectedTensor.View v) {
        if (v.spec().isEmpty()) {
            return v.subject() instanceof QuantizableTensor.Activation a
                            && a.sketch().isEmpty()
                    ? "no values of this activation were seen yet"
                    : "stays in float: no range to drag";
        }
        if (v.isFound()) {
            return "found anew as the network runs; shown is the range of the calibration data";
        }
        if (v.tooMany()) {
            return "each of " + Figures.count(v.count()) + " " + v.noun() + "s has its range: too many to drag";
        }
        return v.ownRanges() && v.slice() == SelectedTensor.ALL && v.count() > 1
                ? "each " + v.noun() + " has its range: pick a " + v.noun() + " below to drag its range"
                : "";
    }

    private void showCurve(Optional<ClipCurve> made) {
        Optional<MomentSketch> values = selected.viewProperty().get().flatMap(SelectedTensor.View::shown);
        curve.setCurve(made.filter(c -> c.absence().isEmpty())
                .map(c -> draw(c, power(values)))
                .orElse(null));
        outputKey.setVisible(made.filter(c -> !c.outputs().isEmpty()).isPresent());
        selected.viewProperty().get().ifPresent(this::showCurrent);
    }

    private void showCurrent(SelectedTensor.View v) {
        String note = curveNote(v);
        curve.setNote(note);
        curveKeys.setVisible(note.isEmpty());
        curveHint.setText(note.isEmpty() ? "click a pin" : "");
        boolean one = !v.ownRanges() || v.slice() != SelectedTensor.ALL;
        if (v.measured().isEmpty()
                || v.clip().isEmpty()
                || v.shown().isEmpty()
                || !one
                || selected.curveProperty().get().isEmpty()) {
            curve.clearCurrent();
            return;
        }
        Measured m = v.measured().get();
        double mse = v.ownRanges() && v.grid().isPresent()
                ? v.shown().get().estimate(v.grid().get()).mse()
                : m.error().mse();
        double at = ClipCurve.position(v.clip().get());
        curve.setCurrent(at, mse);
        // Of a whole tensor the figure itself; while it is on its way, and of a channel, the line.
        OptionalDouble relative = v.ownRanges() || v.previous()
                ? OptionalDouble.empty()
                : m.output()
                        .filter(o -> o.signal() > 0)
                        .map(o -> OptionalDouble.of(o.mse() / o.signal()))
                        .orElse(OptionalDouble.empty());
        curve.setCurrentOutput(
                at,
                power(v.shown())
                        * relative.orElse(
                                selected.curveProperty().get().orElseThrow().relativeOutput(at)));
    }

    /** The mean square of the values. */
    private static double power(Optional<MomentSketch> values) {
        return values.map(s -> s.sumSquares() / Math.max(1, s.count())).orElse(0.0);
    }

    /** @param power with which relative errors at the output are drawn, so that equal heights are equal SQNR */
    private static ErrorCurve draw(ClipCurve c, double power) {
        return new ErrorCurve(
                points(c.points()),
                c.pins().stream()
                        .map(p -> new ErrorCurve.Pin(p.calibratorId(), p.title(), p.x(), p.mse()))
                        .toList(),
                c.bits() + " bit",
                c.neighbours().stream()
                        .map(n -> new ErrorCurve.Neighbour(n.bits() + " bit", points(n.points())))
                        .toList(),
                c.outputs().stream()
                        .map(p -> new ErrorCurve.Point(p.x(), p.relative() * power, 0, 0))
                        .toList());
    }

    private static List<ErrorCurve.Point> points(List<ClipCurve.Point> points) {
        return points.stream()
                .map(p -> new ErrorCurve.Point(p.x(), p.mse(), Math.max(0, p.mse() - p.clippingMse()), p.clippingMse()))
                .toList();
    }

    /** Why there is no curve; empty if there is one, or will be. */
    private String curveNote(SelectedTensor.View v) {
        if (v.spec().isEmpty()) {
            return "stays in float, so there is no clip to choose";
        }
        if (v.ownRanges() && v.slice() == SelectedTensor.ALL && v.count() > 1) {
            return "every " + v.noun() + " has a range of its own: pick a " + v.noun() + " to see its curve";
        }
        return selected.curveProperty().get().map(ClipCurve::absence).orElse("");
    }

    private static String shape(SelectedTensor.View v) {
        return switch (v.subject()) {
            case QuantizableTensor.Activation a ->
                a.sketch().isEmpty() ? "activation · not seen yet: choose calibration data" : "activation";
            case QuantizableTensor.Weight w ->
                w.info().shape()
                        + w.tensor().data().format().map(f -> " · " + f.id()).orElse("");
        };
    }

    private static String count(SelectedTensor.View v) {
        if (v.slice() != SelectedTensor.ALL && v.inSlice().isPresent()) {
            return Figures.count(v.inSlice().get().count()) + " of "
                    + Figures.count(v.subject().info().shape().count());
        }
        return switch (v.subject()) {
            case QuantizableTensor.Weight w -> Figures.count(w.info().shape().count()) + " values";
            case QuantizableTensor.Activation a ->
                a.sketch().map(s -> Figures.count(s.count()) + " values seen").orElse("");
        };
    }

    private static VBox card(Node head, Region content) {
        VBox card = new VBox(4, head, content);
        card.getStyleClass().add("card");
        return card;
    }

    private static HBox head(Node... nodes) {
        HBox head = new HBox(GAP, nodes);
        head.setAlignment(Pos.CENTER_LEFT);
        return head;
    }

    private static Label label(String style) {
        Label label = new Label();
        label.getStyleClass().add(style);
        return label;
    }

    private static Label text(String style, String text) {
        Label label = label(style);
        label.setText(text);
        label.setMinWidth(USE_PREF_SIZE);
        return label;
    }

    private static Label key(String part) {
        Line line = new Line(0, 0, KEY_LENGTH, 0);
        line.getStyleClass().add("key-" + part.toLowerCase(Locale.ROOT).replace(' ', '-'));
        Label label = text("key", part);
        label.setGraphic(line);
        return label;
    }

    private static Region spacer() {
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        return space;
    }
}
