package org.quantscope.app.selected;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import javafx.collections.FXCollections;
import javafx.css.PseudoClass;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.ComboBox;
import javafx.scene.control.Label;
import javafx.scene.control.Spinner;
import javafx.scene.control.SpinnerValueFactory;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.util.StringConverter;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.Facts;
import org.quantscope.app.ui.NumberField;
import org.quantscope.app.ui.Previous;
import org.quantscope.app.ui.Reasoned;
import org.quantscope.app.ui.Section;
import org.quantscope.app.ui.Segments;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.SchemeTraits;
import org.quantscope.core.rounding.Rounding;
import org.quantscope.core.rounding.Roundings;

/** The form for the settings of the quantizer. */
public final class QuantizerView extends VBox {
    /** The name for the source of a range that the user has set. */
    private static final String HAND = "hand";

    private static final PseudoClass MIXED = PseudoClass.getPseudoClass("mixed");

    private static final double NUMBER_WIDTH = 82;
    private static final double SPINNER_WIDTH = 82;
    private static final double OPTION_WIDTH = 60;
    private static final double CHOICE_WIDTH = 150;
    private static final double BLOCK_WIDTH = 76;
    private static final double AXIS_WIDTH = 104;
    private static final List<QuantizerViewModel.Cut> CUTS =
            List.of(QuantizerViewModel.Cut.TENSOR, QuantizerViewModel.Cut.CHANNEL, QuantizerViewModel.Cut.BLOCK);
    private static final List<String> BLOCK_SIZES = List.of("16", "32", "64", "128", "256");

    private final ComboBox<String> scheme = new ComboBox<>();
    private final Spinner<Integer> bits = new Spinner<>();
    private final Segments symmetry = new Segments("symmetric", "asymmetric")
            .describe(0, "symmetric", "Zero point in the middle of the codes: the range is ±clip")
            .describe(1, "asymmetric", "The range has two free ends; 0 stays exact");
    private final CheckBox signed = new CheckBox("signed");
    private final CheckBox narrow = new CheckBox("restricted");
    private final Segments granularity = new Segments("tensor", "channel", "block")
            .describe(0, "per-tensor", "One scale for all values")
            .describe(1, "per-channel", "One scale for each output channel")
            .describe(2, "per-block", "One scale for each run of values along an axis");
    private final ComboBox<String> blockSize = new ComboBox<>();
    private final ComboBox<Integer> blockAxis = new ComboBox<>();
    private final HBox blocks;
    private final ComboBox<String> calibrator = new ComboBox<>();
    private final ComboBox<String> rounding = new ComboBox<>();
    private final Tooltip roundingTip = new Tooltip();
    private final Label roundingNote = new Label();
    private final Button goOn = new Button("Choose them now");
    private final NumberField option = new NumberField("calibrator-option", OPTION_WIDTH);
    private final NumberField lo = new NumberField("typed-lo", NUMBER_WIDTH);
    private final NumberField hi = new NumberField("typed-hi", NUMBER_WIDTH);
    private final Label scale;
    private final Label zeroPoint;
    private final Label effective;
    private final StackPane underRounding;
    private final Facts facts = new Facts();
    private final Label nothing = new Label();
    private final Label alone = new Label("A range by hand is for the tensor shown alone.");
    private final Label mixed = new Label();
    private final Button makeEqual = new Button("make them equal");
    private final Button quantize = new Button("Quantize it");
    private final Button spread = new Button("same for all of its kind");
    private final Tooltip optionTip = new Tooltip();
    private final Map<Node, Reasoned> held = new HashMap<>();
    private List<Long> sizes = List.of();
    private boolean updating;

    /**
     * @param onQuantize quantizes the selected tensor, for one that stays in float
     * @param underRounding what else there is to say of a rounding that looks at whole layers
     */
    public QuantizerView(QuantizerViewModel model, Runnable onQuantize, Node underRounding) {
        scheme.setId("scheme");
        scheme.setItems(FXCollections.observableList(
                Quantizers.all().stream().map(Quantizer::id).toList()));
        scheme.setConverter(titles(id -> Quantizers.all().stream()
                .filter(q -> q.id().equals(id))
                .map(Quantizer::title)
                .findFirst()));
        bits.setId("bits");
        bits.setValueFactory(new SpinnerValueFactory.IntegerSpinnerValueFactory(
                QuantSpec.MIN_BITS, QuantSpec.MAX_BITS, QuantSpec.WEIGHTS.bits()));
        bits.setPrefWidth(SPINNER_WIDTH);
        bits.setMinWidth(SPINNER_WIDTH);
        bits.getEditor().getStyleClass().add("number-field");
        signed.setId("signed");
        signed.setTooltip(new Tooltip("Codes below 0"));
        narrow.setId("narrow");
        narrow.setTooltip(new Tooltip("Leave out the most negative code, so that the codes mirror each other about 0"));
        calibrator.setId("calibrator");
        calibrator.setConverter(titles(id -> Calibrators.all().stream()
                .filter(c -> c.id().equals(id))
                .map(Calibrator::title)
                .findFirst()
                .or(() -> QuantizerForm.ChosenBy.found(id).map(Clip.Dynamic::title))));
        rounding.setId("rounding");
        rounding.setItems(FXCollections.observableList(
                Roundings.all().stream().map(Rounding::id).toList()));
        rounding.setConverter(titles(id -> Roundings.all().stream()
                .filter(r -> r.id().equals(id))
                .map(Rounding::title)
                .findFirst()));
        rounding.setTooltip(roundingTip);
        roundingNote.setId("rounding-note");
        roundingNote.getStyleClass().add("hint");
        roundingNote.setWrapText(true);
        goOn.setId("rounding-go-on");
        goOn.setTooltip(new Tooltip("Runs the model on the calibration data and chooses the codes that are missing"));
        goOn.setOnAction(e -> model.goOnRounding());
        for (Region box : new Region[] {scheme, calibrator, rounding}) {
            box.setPrefWidth(CHOICE_WIDTH);
            box.setMinWidth(CHOICE_WIDTH);
        }
        // It stands beside its option.
        calibrator.setMinWidth(CHOICE_WIDTH - OPTION_WIDTH);

        bits.setAccessibleText("Bits");
        calibrator.setAccessibleText("Range from");
        option.setAccessibleText("Option of the calibrator");
        lo.setAccessibleText("Lower end of the range");
        hi.setAccessibleText("Upper end of the range");
        rounding.setAccessibleText("Rounding");
        facts.add("Scheme", scheme, "How values are mapped to codes");
        facts.add("Bits", held(bits), "Width of a code, 2 to 16 bits");
        facts.add("Zero", held(symmetry), "Whether the range mirrors about 0");
        HBox codes = row(held(signed), held(narrow));
        facts.add("Codes", codes, "Which integer codes are used");
        facts.add("Scale per", held(granularity), "How many scales the tensor has");
        blockSize.setId("block-size");
        blockSize.setEditable(true);
        blockSize.getItems().setAll(BLOCK_SIZES);
        blockSize.setPrefWidth(BLOCK_WIDTH);
        blockSize.setMinWidth(BLOCK_WIDTH);
        blockSize.setAccessibleText("Values of a block");
        blockAxis.setId("block-axis");
        blockAxis.setConverter(axes());
        blockAxis.setPrefWidth(AXIS_WIDTH);
        blockAxis.setMinWidth(AXIS_WIDTH);
        blockAxis.setAccessibleText("Axis of the blocks");
        blocks = row(muted("of"), held(blockSize), muted("along"), blockAxis);
        facts.addWide(blocks);
        facts.add("Range from", row(option, calibrator), "How the clipping range is chosen");
        facts.add(
                "Range",
                row(held(lo), dash(), held(hi)),
                "The requested range, in tensor units; Enter applies it, Esc restores the former one");
        facts.add("Rounding", held(rounding), "How the code of each weight is chosen within this grid and range");
        facts.addWide(roundingNote);
        facts.addWide(goOn);
        this.underRounding = new StackPane(underRounding);
        this.underRounding.managedProperty().bind(this.underRounding.visibleProperty());
        facts.addWide(this.underRounding);
        scale = facts.addNumber(
                "scale", "scale", "Tensor units per step; of several scales the smallest, the median and the largest");
        zeroPoint = facts.addNumber("zero point", "zero-point", "The code of 0");
        effective = facts.addNumber(
                "effective range",
                "effective",
                "Lowest to highest level, in tensor units, after the zero point was rounded");
        spread.setId("spread");
        spread.getStyleClass().add("link");
        spread.setTooltip(new Tooltip(
                "Gives every weight, or every activation, these settings; ranges are chosen anew for each"));
        spread.setOnAction(e -> model.spread());
        nothing.getStyleClass().add("hint");
        nothing.setWrapText(true);
        nothing.setId("quantizer-nothing");
        quantize.setId("quantize");
        quantize.setTooltip(new Tooltip("Gives the tensor the setting that it had, or that of its kind"));
        quantize.setOnAction(e -> onQuantize.run());
        alone.getStyleClass().add("hint");
        alone.setId("range-alone");
        mixed.setId("mixed-settings");
        mixed.getStyleClass().addAll("hint", "mixed-note");
        mixed.setWrapText(true);
        makeEqual.setId("make-equal");
        makeEqual.getStyleClass().add("link");
        makeEqual.setTooltip(
                new Tooltip("Gives all of them the settings that are shown; a range by hand stays with its tensor"));
        makeEqual.setOnAction(e -> model.makeEqual());
        model.mixedProperty().subscribe(this::show);
        Section section = new Section("Quantizer", mixed, makeEqual, facts, alone, nothing, quantize).withAside(spread);
        getChildren().add(section);
        model.togetherProperty().subscribe(n -> {
            boolean several = n.intValue() > 1;
            section.setTitle(several ? "Quantizer · " + n + " tensors" : "Quantizer");
            alone.setVisible(several);
            alone.setManaged(several);
        });
        model.insteadProperty().subscribe(this::show);

        when(scheme, model::setScheme);
        when(rounding, model::setRounding);
        model.roundingProperty().subscribe(note -> {
            roundingNote.setText(note.text());
            shown(roundingNote, !note.text().isEmpty());
            shown(goOn, note.canGoOn());
        });
        when(calibrator, id -> {
            if (!id.equals(HAND)) {
                model.setCalibrator(id);
            }
        });
        bits.valueProperty().addListener((o, was, is) -> {
            if (!updating && is != null) {
                model.setBits(is);
            }
        });
        symmetry.setOnChoose(i -> model.setSymmetric(i == 0));
        granularity.setOnChoose(i -> {
            model.setCut(CUTS.get(i));
            // If the change was refused, the form shows the former setting again.
            show(model.viewProperty().get());
        });
        blockSize.valueProperty().addListener((o, was, is) -> {
            if (!updating && is != null) {
                model.setBlockSize(is);
                show(model.viewProperty().get());
            }
        });
        blockAxis.valueProperty().addListener((o, was, is) -> {
            if (!updating && is != null) {
                model.setBlockAxis(is);
            }
        });
        signed.setOnAction(e -> model.setSigned(signed.isSelected()));
        narrow.setOnAction(e -> model.setRestrictedRange(narrow.isSelected()));
        Runnable restore = () -> show(model.viewProperty().get());
        lo.onTyped(model::setLo, restore);
        hi.onTyped(model::setHi, restore);
        option.onTyped(model::setOption, restore);
        option.setTooltip(optionTip);
        model.viewProperty().subscribe(this::show);
    }

    private void show(Optional<QuantizerForm> view) {
        updating = true;
        try {
            boolean some = view.isPresent();
            for (Node node : new Node[] {facts, spread}) {
                node.setVisible(some);
                node.setManaged(some);
            }
            view.ifPresent(this::show);
        } finally {
            updating = false;
        }
    }

    /** Marks the fields that show the setting of one tensor where others have another one. */
    private void show(Map<MixedSettings.Setting, String> differing) {
        mixed.setText(MixedSettings.said(differing));
        shown(mixed, !differing.isEmpty());
        shown(makeEqual, !differing.isEmpty());
        Map<MixedSettings.Setting, Node> fields = Map.of(
                MixedSettings.Setting.SCHEME, scheme,
                MixedSettings.Setting.BITS, bits,
                MixedSettings.Setting.ZERO, symmetry,
                MixedSettings.Setting.SIGNED, signed,
                MixedSettings.Setting.RESTRICTED, narrow,
                MixedSettings.Setting.GRANULARITY, granularity,
                MixedSettings.Setting.RANGE, calibrator,
                MixedSettings.Setting.ROUNDING, rounding);
        fields.forEach((setting, field) -> field.pseudoClassStateChanged(MIXED, differing.containsKey(setting)));
    }

    private void show(QuantizerViewModel.Instead instead) {
        String text = switch (instead) {
            case FORM -> "";
            case NOTHING_OPEN -> "No tensor is selected. Open a model, or select one of its tensors in the list.";
            case FLOAT -> "This tensor stays in float.";
            case FLOAT_UNSEEN ->
                "This activation stays in float. “Activations” in the toolbar observes its range on calibration data"
                        + " and quantizes it.";
        };
        nothing.setText(text);
        nothing.setVisible(!text.isEmpty());
        nothing.setManaged(!text.isEmpty());
        quantize.setVisible(instead == QuantizerViewModel.Instead.FLOAT);
        quantize.setManaged(quantize.isVisible());
    }

    private void show(QuantizerForm v) {
        QuantSpec spec = v.spec();
        scheme.setValue(spec.scheme());
        SchemeTraits traits = spec.quantizer().traits();
        if (bits.getValueFactory() instanceof SpinnerValueFactory.IntegerSpinnerValueFactory widths) {
            widths.setMin(traits.minBits());
            widths.setMax(traits.maxBits());
        }
        bits.getValueFactory().setValue(spec.bits());
        lock(bits, v.whyLocked(QuantizerForm.Field.BITS));
        lock(symmetry, v.whyLocked(QuantizerForm.Field.SYMMETRIC));
        lock(signed, v.whyLocked(QuantizerForm.Field.SIGNED));
        lock(narrow, v.whyLocked(QuantizerForm.Field.NARROW));
        lock(granularity, v.whyLocked(QuantizerForm.Field.GRANULARITY));
        lock(blockSize, v.whyLocked(QuantizerForm.Field.BLOCK_SIZE));
        lock(rounding, v.whyLocked(QuantizerForm.Field.ROUNDING));
        rounding.setValue(spec.rounding());
        underRounding.setVisible(!spec.isNearest());
        roundingTip.setText(Roundings.byId(spec.rounding()).summary());
        symmetry.choose(spec.symmetric() ? 0 : 1);
        signed.setSelected(spec.signed());
        narrow.setSelected(spec.restrictedRange());
        granularity.choose(
                switch (spec.granularity()) {
                    case Granularity.PerTensor _ -> 0;
                    case Granularity.PerChannel _ -> 1;
                    case Granularity.PerBlock _ -> 2;
                });
        blocks.setVisible(v.blocks().isPresent());
        blocks.setManaged(v.blocks().isPresent());
        v.blocks().ifPresent(b -> {
            blockSize.setValue(Integer.toString(b.size()));
            List<Integer> axes = IntStream.range(0, b.axes().size()).boxed().toList();
            if (!sizes.equals(b.axes())) {
                sizes = b.axes();
                // The same number says something else of another tensor.
                blockAxis.setValue(null);
            }
            if (!blockAxis.getItems().equals(axes)) {
                blockAxis.getItems().setAll(axes);
            }
            blockAxis.setValue(b.axis() < 0 ? null : b.axis());
        });
        List<String> choices = new ArrayList<>(v.chosenBy().calibrators());
        choices.add(HAND);
        if (!calibrator.getItems().equals(choices)) {
            calibrator.getItems().setAll(choices);
        }
        QuantizerForm.ChosenBy by = v.chosenBy();
        calibrator.setValue(by.calibratorId().orElse(HAND));
        option.setVisible(by.option().isPresent());
        option.setManaged(by.option().isPresent());
        by.option().ifPresent(doc -> optionTip.setText(doc.name() + ": " + doc.doc()));
        option.show(by.optionValue());
        QuantizerForm.Resolved resolved = v.resolved();
        lo.show(resolved.range().lo());
        hi.show(resolved.range().hi());
        String noRange = resolved.range().editable()
                ? ""
                : v.spec().clip() instanceof Clip.Dynamic
                        ? SelectedTensor.FOUND
                        : "There is no single range to type: pick a channel or a block below the curve, or wait until"
                                + " it is known";
        lock(lo, noRange);
        lock(hi, noRange);
        scale.setText(resolved.scale());
        zeroPoint.setText(resolved.zeroPoint());
        effective.setText(resolved.effective());
        for (Label label : new Label[] {scale, zeroPoint, effective}) {
            Previous.mark(label, resolved.previous());
        }
    }

    private static void shown(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }

    private Reasoned held(Node control) {
        Reasoned place = new Reasoned(control);
        held.put(control, place);
        return place;
    }

    private void lock(Node control, String reason) {
        Objects.requireNonNull(held.get(control)).disable(reason);
    }

    private StringConverter<Integer> axes() {
        return new StringConverter<>() {
            @Override
            public String toString(@Nullable Integer axis) {
                return axis == null ? "" : "axis " + axis + (axis < sizes.size() ? " · " + sizes.get(axis) : "");
            }

            @Override
            public @Nullable Integer fromString(String text) {
                return null;
            }
        };
    }

    private void when(ComboBox<String> box, Consumer<String> action) {
        box.valueProperty().addListener((o, was, is) -> {
            if (!updating && is != null) {
                action.accept(is);
            }
        });
    }

    private static Label dash() {
        return muted("…");
    }

    private static Label muted(String text) {
        Label label = new Label(text);
        label.setMinWidth(USE_PREF_SIZE);
        label.getStyleClass().add("muted");
        return label;
    }

    private static HBox row(Node... nodes) {
        HBox row = new HBox(8, nodes);
        row.setAlignment(Pos.CENTER_RIGHT);
        HBox.setHgrow(row, Priority.ALWAYS);
        return row;
    }

    private static StringConverter<String> titles(Function<String, Optional<String>> title) {
        return new StringConverter<>() {
            @Override
            public String toString(String id) {
                return id == null ? "" : title.apply(id).orElse(id);
            }

            @Override
            public String fromString(String text) {
                return text;
            }
        };
    }
}
