package org.quantscope.app.glass;

import static org.quantscope.app.glass.Digits.difference;
import static org.quantscope.app.glass.Digits.number;
import static org.quantscope.app.glass.Digits.plus;
import static org.quantscope.app.glass.Digits.whole;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Minifloat;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.quant.ValueTrace;
import org.quantscope.core.quant.ValueTrace.Part;

/** A value of the selected tensor, followed through its quantizer. It follows the range and the settings. */
public final class GlassViewModel {
    private static final int NO_WEIGHT = -1;

    private final SelectedTensor selected;
    private final MakingViewModel making;
    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());
    private Optional<String> subject = Optional.empty();
    private float value;
    private long weight = NO_WEIGHT;
    private int flips;
    private boolean open;

    public GlassViewModel(SelectedTensor selected, MakingViewModel making) {
        this.selected = selected;
        this.making = making;
        selected.viewProperty().subscribe(v -> refresh());
    }

    /**
     * A step.
     *
     * @param name in a word or two
     * @param arithmetic with the numbers in hand
     */
    public record Step(String name, String arithmetic) {}

    /**
     * What to show.
     *
     * @param title whose value it is
     * @param weight its number in the tensor, in storage order; empty for a value that was pointed at
     * @param weights how many there are; 0 for an activation
     * @param steps from the value to its error
     * @param bits those of the code, with the flipped ones
     * @param flipped what the code means with the flipped bits; empty if none is flipped
     * @param why what is missing, in a sentence; empty if nothing is
     */
    public record View(
            String title,
            float value,
            OptionalLong weight,
            long weights,
            List<Step> steps,
            Optional<ValueTrace.Bits> bits,
            String flipped,
            String why) {}

    /** Puts a value under the glass. */
    public void showValue(double wanted) {
        value = (float) wanted;
        weight = NO_WEIGHT;
        begin();
    }

    /** Puts a weight under the glass by its number; does nothing if there is none. */
    public void showWeight(long index) {
        selected.viewProperty().get().ifPresent(v -> {
            if (v.subject() instanceof QuantizableTensor.Weight w
                    && index >= 0
                    && index < w.info().shape().count()) {
                weight = index;
                begin();
            }
        });
    }

    /** Puts the first weight, or the value 0 of an activation, under the glass. */
    public void showFirst() {
        showValue(0);
        showWeight(0);
    }

    /** Flips a bit, counted from the most significant. */
    public void flip(int at) {
        flips ^= 1 << at;
        refresh();
    }

    /** Takes nothing under the glass until the next value is chosen. */
    public void close() {
        open = false;
        making.setOpen(false);
        view.set(Optional.empty());
    }

    private void begin() {
        open = true;
        making.setOpen(true);
        flips = 0;
        subject = selected.viewProperty().get().map(v -> v.subject().id().toString());
        refresh();
    }

    private void refresh() {
        if (!open) {
            return;
        }
        view.set(selected.viewProperty().get().map(this::look));
    }

    private View look(SelectedTensor.View v) {
        if (!subject.equals(Optional.of(v.subject().id().toString()))) {
            // Another tensor: its weight of the same number, or the same value.
            subject = Optional.of(v.subject().id().toString());
            flips = 0;
        }
        long weights = v.subject() instanceof QuantizableTensor.Weight w
                ? w.info().shape().count()
                : 0;
        weight = weight >= weights ? NO_WEIGHT : weight;
        float x = weight >= 0 ? read((QuantizableTensor.Weight) v.subject(), weight) : value;
        OptionalLong number = weight >= 0 ? OptionalLong.of(weight) : OptionalLong.empty();
        String title = weight >= 0
                ? "Weight " + Figures.count(weight) + " of " + v.subject().shortName()
                : "A value of " + v.subject().shortName();
        Optional<String> why = missing(v, x);
        if (why.isPresent()) {
            return new View(title, x, number, weights, List.of(), Optional.empty(), "", why.get());
        }
        QuantSpec spec = v.measured().orElseThrow().spec();
        QuantParams params = v.measured().orElseThrow().params();
        int slice = slice(v, params);
        ValueTrace trace = ValueTrace.of(spec, params, slice, x);
        ValueTrace.Bits bits = trace.bits();
        for (int at = 0; at < bits.width(); at++) {
            if ((flips >> at & 1) == 1) {
                bits = bits.flipped(at);
            }
        }
        String flipped = flips == 0
                ? ""
                : ValueTrace.value(spec, params, slice, bits)
                        .map(y -> "With these bits: " + number(y) + ", " + number((double) y - trace.back())
                                + " from the code above.")
                        .orElse("These bits stand for no number.");
        return new View(
                title + (params.slices() > 1 ? ", " + v.noun() + " " + slice : ""),
                x,
                number,
                weights,
                steps(trace, spec),
                Optional.of(bits),
                flipped,
                spec.isNearest()
                        ? ""
                        : "The codes of this tensor are chosen for the output of its layer; this is the nearest one.");
    }

    private Optional<String> missing(SelectedTensor.View v, float x) {
        if (v.spec().isEmpty()) {
            return Optional.of("This tensor stays in float: it has no codes.");
        }
        if (v.measured().isEmpty()) {
            return Optional.of("Its range is not known yet.");
        }
        if (!Float.isFinite(x)) {
            return Optional.of("The weight is not a finite number: " + x + ".");
        }
        QuantParams params = v.measured().get().params();
        return params.slices() > 1 && weight < 0 && (v.slice() == SelectedTensor.ALL || v.slice() >= params.slices())
                ? Optional.of("Every " + v.noun() + " has its own range: pick one, or a weight by its number.")
                : Optional.empty();
    }

    private int slice(SelectedTensor.View v, QuantParams params) {
        if (params.slices() == 1) {
            return 0;
        }
        Granularity granularity = params.granularity();
        return weight >= 0 ? Slicing.of(v.subject().info(), granularity).sliceOf(weight) : v.slice();
    }

    private static float read(QuantizableTensor.Weight w, long index) {
        float[] one = new float[1];
        w.tensor().data().read(index, one, 0, 1);
        return one[0];
    }

    private static List<Step> steps(ValueTrace t, QuantSpec spec) {
        List<Step> steps = new ArrayList<>();
        String s = number(t.scale());
        String x = number(t.value());
        String scaled = number(t.scaled());
        steps.add(new Step("value", "x = " + x));
        steps.add(new Step(t.uniform() ? "in steps" : "over the scale", "x / s = " + x + " / " + s + " = " + scaled));
        if (t.uniform()) {
            String rounded = whole(t.rounded());
            double shifted = t.rounded() + t.zeroPoint();
            steps.add(new Step("rounded", "round(" + scaled + ") = " + rounded));
            if (t.zeroPoint() != 0) {
                steps.add(new Step("zero point", rounded + plus(t.zeroPoint()) + " = " + whole(shifted)));
            }
            steps.add(new Step(
                    t.clipped() && shifted != t.code() ? "cut off" : "clamped",
                    "clamp(" + whole(shifted) + ", " + whole(t.qmin()) + ", " + t.qmax() + ") = " + whole(t.code())));
        } else {
            steps.add(new Step(
                    t.clipped() ? "cut off" : "nearest level",
                    number(t.rounded()) + ", number " + t.code() + " of 0 … " + t.qmax()));
            spec.quantizer().element().ifPresent(f -> steps.add(new Step("bits mean", floating(t, f))));
        }
        String back = number(t.back());
        steps.add(new Step(
                "back",
                t.uniform()
                        ? difference(t.code(), t.zeroPoint()) + " · " + s + " = " + back
                        : number(t.rounded()) + " · " + s + " = " + back));
        steps.add(new Step(
                "error",
                back + " − " + (t.value() < 0 ? "(" + x + ")" : x) + " = " + number(t.error())
                        + (t.uniform()
                                ? String.format(Locale.ROOT, " = %.3f steps", t.error() / t.scale())
                                        .replace('-', '−')
                                : "")));
        return steps;
    }

    /** What sign, exponent and mantissa make. */
    private static String floating(ValueTrace t, Minifloat f) {
        int e = t.bits().of(Part.EXPONENT);
        int m = t.bits().of(Part.MANTISSA);
        String sign = t.bits().of(Part.SIGN) == 1 ? "−" : "+";
        int of = 1 << f.mantissaBits();
        return e == 0
                ? sign + " 2^(1 − " + f.bias() + ") · " + m + "/" + of + " = " + number(t.rounded())
                : sign + " 2^(" + e + " − " + f.bias() + ") · (1 + " + m + "/" + of + ") = " + number(t.rounded());
    }

    /** How a value of an activation comes about in whole numbers. */
    public MakingViewModel making() {
        return making;
    }

    /** Empty while nothing is under the glass. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
