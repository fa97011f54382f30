package org.quantscope.app.quantizer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.workbench.Activations;
import org.quantscope.app.workbench.Figures;
import org.quantscope.app.workbench.InHand;
import org.quantscope.app.workbench.Measured;
import org.quantscope.app.workbench.Notices;
import org.quantscope.app.workbench.Subject;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.Traits;

/** The settings of the tensor in hand as a form: every change is one step. */
public final class QuantizerViewModel {
    /**
     * What the form shows.
     *
     * @param spec the setting, previewed or committed
     * @param calibratorId who chose the range; empty if it was set by hand or came with the file
     * @param option the calibrator's first option that is no file, if it has one
     * @param optionValue its value as text
     * @param lo the requested lower end as text, empty while unknown
     * @param scale resolved, as text; the span of all channels where there are many
     * @param editable true if lo and hi can be typed
     * @param channels the number of channels; 0 if there are none to be set one by one
     * @param previous true if the resolved figures belong to an earlier setting
     * @param calibrators ids to choose from: one that needs to know how much each value matters is among them if that is known
     */
    public record View(
            QuantSpec spec,
            Optional<String> calibratorId,
            Optional<OptionDoc> option,
            String optionValue,
            String lo,
            String hi,
            String scale,
            String zeroPoint,
            String effective,
            boolean editable,
            int channels,
            boolean previous,
            List<String> calibrators) {}

    /** What stands in place of the form. */
    public enum Instead {
        /** The form itself. */
        FORM,
        NOTHING_OPEN,
        /** The tensor stays float, and could be quantized. */
        FLOAT,
        /** An activation that stays float; no range of it is known yet. */
        FLOAT_UNSEEN
    }

    private final InHand inHand;
    private final Activations activations;
    private final Notices notices;
    private final ReadOnlyObjectWrapper<Instead> instead = new ReadOnlyObjectWrapper<>(Instead.NOTHING_OPEN);
    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());

    public QuantizerViewModel(InHand inHand, Activations activations, Notices notices) {
        this.inHand = inHand;
        this.activations = activations;
        this.notices = notices;
        inHand.viewProperty().subscribe(v -> {
            instead.set(v.map(QuantizerViewModel::instead).orElse(Instead.NOTHING_OPEN));
            view.set(v.flatMap(QuantizerViewModel::view));
        });
    }

    private static Instead instead(InHand.View v) {
        return v.spec().isPresent() ? Instead.FORM : v.subject() instanceof Subject.Activation a && a.sketch().isEmpty() ? Instead.FLOAT_UNSEEN : Instead.FLOAT;
    }

    private static Optional<View> view(InHand.View v) {
        return v.spec().map(spec -> {
            Optional<Clip.Auto> auto = spec.clip() instanceof Clip.Auto a ? Optional.of(a) : Optional.empty();
            Optional<OptionDoc> option = auto.flatMap(a -> calibrator(a.calibratorId())).flatMap(c -> c.options().stream().filter(o -> !o.type().equals("file")).findFirst());
            String value = option.map(o -> auto.orElseThrow().options().getOrDefault(o.name(), o.defaultValue())).orElse("");
            Optional<ClipRange> clip = v.clip();
            return new View(
                    spec,
                    auto.map(Clip.Auto::calibratorId),
                    option,
                    value,
                    clip.map(c -> Figures.value(c.lo())).orElse(""),
                    clip.map(c -> Figures.value(c.hi())).orElse(""),
                    v.measured().map(m -> scale(m, v)).orElse(Figures.NONE),
                    v.measured().map(m -> zeroPoint(m, v)).orElse(Figures.NONE),
                    v.measured().map(m -> effective(m, v)).orElse(Figures.NONE),
                    v.draggable(),
                    v.subject() instanceof Subject.Weight w && w.info().shape().rank() > 0 ? (int) w.info().shape().dim(w.info().defaultAxis()) : 0,
                    v.previous(),
                    Calibrators.all().stream()
                            .filter(c -> !c.needsImportance() || v.weighted() || auto.map(a -> a.calibratorId().equals(c.id())).orElse(false))
                            .map(Calibrator::id)
                            .toList());
        });
    }

    private static boolean all(Measured m, InHand.View v) {
        return m.params().slices() > 1 && (v.channel() == InHand.ALL_CHANNELS || v.channel() >= m.params().slices());
    }

    private static String scale(Measured m, InHand.View v) {
        if (!all(m, v)) {
            return Figures.scale(m.params().scale(Math.min(v.slice(), m.params().slices() - 1)));
        }
        float lo = Float.POSITIVE_INFINITY;
        float hi = 0;
        for (float s : m.params().scales()) {
            lo = Math.min(lo, s);
            hi = Math.max(hi, s);
        }
        return Figures.scale(lo) + " … " + Figures.scale(hi);
    }

    private static String zeroPoint(Measured m, InHand.View v) {
        if (!m.params().isAffine()) {
            return "–";
        }
        if (!all(m, v)) {
            return Integer.toString(m.params().zeroPoint(Math.min(v.slice(), m.params().slices() - 1)));
        }
        int lo = Integer.MAX_VALUE;
        int hi = Integer.MIN_VALUE;
        for (int z : m.params().zeroPoints()) {
            lo = Math.min(lo, z);
            hi = Math.max(hi, z);
        }
        return lo == hi ? Integer.toString(lo) : lo + " … " + hi;
    }

    private static String effective(Measured m, InHand.View v) {
        return Figures.range(all(m, v) ? m.effective() : m.params().effective(Math.min(v.slice(), m.params().slices() - 1)));
    }

    private static Optional<Calibrator> calibrator(String id) {
        return Calibrators.all().stream().filter(c -> c.id().equals(id)).findFirst();
    }

    public void setScheme(String id) {
        inHand.change("scheme " + id, spec -> Quantizers.byId(id).adapt(spec));
    }

    /** @param bits a width that the scheme has; anything else changes nothing */
    public void setBits(int bits) {
        Traits traits = view.get().map(v -> Quantizers.byId(v.spec().scheme()).traits()).orElse(null);
        if (traits != null && bits >= traits.minBits() && bits <= traits.maxBits()) {
            inHand.change(bits + " bits", spec -> spec.withBits(bits));
        }
    }

    /** A range set by hand is widened to its larger magnitude when the grid becomes symmetric. */
    public void setSymmetric(boolean symmetric) {
        inHand.change(symmetric ? "symmetric" : "asymmetric", spec -> {
            Clip clip = !symmetric ? spec.clip() : switch (spec.clip()) {
                case Clip.Manual(var range) -> new Clip.Manual(ClipRange.symmetric(range.absMax()));
                case Clip.ManualPerChannel(var ranges) -> new Clip.ManualPerChannel(ranges.stream().map(r -> ClipRange.symmetric(r.absMax())).toList());
                case Clip.ManualPerBlock(var ranges) -> new Clip.ManualPerBlock(ranges.stream().map(r -> ClipRange.symmetric(r.absMax())).toList());
                case Clip.Auto auto -> auto;
                case Clip.Fixed fixed -> fixed;
            };
            return spec.withSymmetric(symmetric).withNarrowRange(symmetric && spec.signed()).withClip(clip);
        });
    }

    public void setSigned(boolean signed) {
        inHand.change(signed ? "signed" : "unsigned", spec -> spec.withSigned(signed).withNarrowRange(signed && spec.symmetric()));
    }

    public void setNarrowRange(boolean narrow) {
        inHand.change(narrow ? "restricted range" : "full range", spec -> spec.withNarrowRange(narrow));
    }

    /** A range for each channel, or one for all. Ranges set channel by channel give way to min-max when there is one for all. */
    public void setPerChannel(boolean perChannel) {
        inHand.change(perChannel ? "per channel" : "per tensor", spec -> spec.withGranularity(perChannel ? Granularity.CHANNEL : Granularity.TENSOR)
                .withClip(spec.clip() instanceof Clip.Auto || (spec.clip() instanceof Clip.Manual && perChannel) ? spec.clip() : new Clip.Auto("minmax")));
    }

    public void setCalibrator(String id) {
        inHand.change("range from " + calibrator(id).map(Calibrator::title).orElse(id), spec -> spec.withClip(new Clip.Auto(id)));
    }

    /** Sets the calibrator's first option. A value that it does not take changes nothing and is said. */
    public void setOption(String value) {
        view.get().ifPresent(v -> v.option().ifPresent(option -> {
            if (!value.strip().equals(v.optionValue()) && v.spec().clip() instanceof Clip.Auto auto) {
                if (Figures.parse(value).isEmpty()) {
                    notices.problem(option.name() + ": a number is needed, got " + value);
                    return;
                }
                Map<String, String> options = new HashMap<>(auto.options());
                options.put(option.name(), value.strip().replace(',', '.'));
                inHand.change(option.name() + " " + value.strip(), spec -> spec.withClip(new Clip.Auto(auto.calibratorId(), options)));
            }
        }));
    }

    /** Sets the lower end of the range by number. Text that is no number, or lies above the upper end, is said and changes nothing. */
    public void setLo(String text) {
        type("lo", text, true);
    }

    public void setHi(String text) {
        type("hi", text, false);
    }

    private void type(String field, String text, boolean low) {
        ClipRange now = inHand.viewProperty().get().filter(InHand.View::draggable).flatMap(InHand.View::clip).orElse(null);
        if (now == null || text.strip().equals(Figures.value(low ? now.lo() : now.hi()))) {
            return;
        }
        OptionalDouble typed = Figures.parse(text);
        if (typed.isEmpty() || !Float.isFinite((float) typed.getAsDouble())) {
            notices.problem(field + ": a number is needed, got " + text);
            return;
        }
        float x = (float) typed.getAsDouble();
        boolean symmetric = view.get().map(v -> v.spec().symmetric()).orElse(false);
        if (symmetric) {
            if (low ? x >= 0 : x <= 0) {
                notices.problem(field + ": a symmetric range needs a number " + (low ? "below" : "above") + " 0, got " + text);
                return;
            }
            inHand.setRange(ClipRange.symmetric(Math.abs(x)));
        } else if (low ? x > now.hi() : x < now.lo()) {
            notices.problem(field + ": lo may not be above hi, got " + text);
        } else {
            inHand.setRange(low ? new ClipRange(x, now.hi()) : new ClipRange(now.lo(), x));
        }
    }

    /** Gives every tensor of this kind the same setting. */
    public void spread() {
        inHand.viewProperty().get().ifPresent(v -> v.spec().ifPresent(spec -> activations.spread(v.subject(), spec)));
    }

    public ReadOnlyObjectProperty<Instead> insteadProperty() {
        return instead.getReadOnlyProperty();
    }

    /** What the form shows; empty without a tensor, or if it stays float. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
