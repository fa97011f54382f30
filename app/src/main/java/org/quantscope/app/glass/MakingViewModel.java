package org.quantscope.app.glass;

import static org.quantscope.app.glass.Digits.bracketed;
import static org.quantscope.app.glass.Digits.difference;
import static org.quantscope.app.glass.Digits.number;
import static org.quantscope.app.glass.Digits.plus;
import static org.quantscope.app.glass.Digits.whole;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.glass.GlassViewModel.Step;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.integer.ElementTrace;
import org.quantscope.core.integer.ElementTrace.Fixed;
import org.quantscope.core.integer.ElementTrace.Single;
import org.quantscope.core.integer.ElementTrace.Term;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.verify.IntegerSample;

/**
 * How a value of the selected activation comes about in whole numbers: the products of its layer, the bias, the factor, the
 * rounding and the limits, for one sample of the data. It follows each edit. Used on the FX thread.
 */
public final class MakingViewModel {
    /** Products that are shown by themselves. */
    private static final int SHOWN = 5;

    /**
     * What to show.
     *
     * @param sample which sample of the data
     * @param samples how many there are
     * @param element which element of the activation, row by row
     * @param elements how many it has for a sample; 0 while they are not known
     * @param made which layer makes it, and where it stands in the result; empty if none does
     * @param steps from the products to the value
     * @param why what is missing, in a sentence; empty if nothing is
     */
    public record View(
            Arithmetic arithmetic,
            int sample,
            int samples,
            int element,
            int elements,
            String made,
            List<Step> steps,
            String why) {
        public View {
            steps = List.copyOf(steps);
        }
    }

    private record Key(ExportPlan plan, Arithmetic arithmetic, Dataset data, int sample) {}

    private final Workbench bench;
    private final SelectedTensor selected;
    private final Solutions solutions;
    private final Background background;
    private final LatestWins<IntegerSample> latest;
    private final ReadOnlyObjectWrapper<Optional<View>> view = new ReadOnlyObjectWrapper<>(Optional.empty());
    private boolean open;
    private Arithmetic arithmetic = Arithmetic.TFLITE;
    private int sample;
    private int element;
    private Optional<TensorId> subject = Optional.empty();
    private @Nullable Key asked;
    private @Nullable IntegerSample computed;
    private String failed = "";

    public MakingViewModel(Workbench bench, SelectedTensor selected, Solutions solutions, Background background) {
        this.bench = bench;
        this.selected = selected;
        this.solutions = solutions;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        selected.viewProperty().subscribe(v -> refresh());
        solutions.viewProperty().subscribe(v -> refresh());
    }

    /** Says whether somebody looks; nothing is computed or kept while nobody does. */
    void setOpen(boolean looking) {
        open = looking;
        refresh();
    }

    /** Chooses whose arithmetic it is. */
    public void choose(Arithmetic whose) {
        arithmetic = whose;
        refresh();
    }

    /** Chooses a sample by its index; one that there is not becomes the nearest that there is. */
    public void showSample(long index) {
        sample = Math.clamp(index, 0, Integer.MAX_VALUE);
        refresh();
    }

    /** Chooses an element by its index, row by row; one that there is not becomes the nearest that there is. */
    public void showElement(long index) {
        element = Math.clamp(index, 0, Integer.MAX_VALUE);
        refresh();
    }

    private void refresh() {
        Optional<TensorId> activation = selected.viewProperty()
                .get()
                .filter(v -> open && v.subject() instanceof QuantizableTensor.Activation)
                .map(v -> v.subject().id());
        if (activation.isEmpty()) {
            latest.cancel();
            asked = null;
            computed = null;
            view.set(Optional.empty());
            return;
        }
        if (!activation.equals(subject)) {
            subject = activation;
            element = 0;
        }
        Dataset data = bench.evaluationData().or(bench::calibrationData).orElse(null);
        if (data == null || data.size() == 0) {
            show(0, "A sample is computed in whole numbers, and there is no data: choose some.");
            return;
        }
        sample = Math.min(sample, data.size() - 1);
        ExportPlan plan = solutions.plan().orElse(null);
        if (plan == null) {
            show(data.size(), "Its settings are not all known yet.");
            return;
        }
        Key next = new Key(plan, arithmetic, data, sample);
        if (!next.equals(asked)) {
            ask(next);
        }
        show(data.size(), failed);
    }

    private void ask(Key next) {
        asked = next;
        computed = null;
        failed = "";
        latest.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("A sample in whole numbers", cancel)) {
                        job.report(0, 0, next.arithmetic.title());
                        return IntegerSample.of(next.plan, next.arithmetic, next.data, next.sample, cancel);
                    }
                },
                made -> {
                    computed = made;
                    refresh();
                },
                e -> {
                    failed = e instanceof CancellationException ? "Stopped." : e.getMessage() + ".";
                    refresh();
                });
    }

    private void show(int samples, String why) {
        TensorId id = subject.orElseThrow();
        IntegerSample known = why.isEmpty() ? computed : null;
        int elements = known == null ? 0 : known.elements(id);
        element = elements == 0 ? element : Math.min(element, elements - 1);
        Optional<ElementTrace> trace = known == null || elements == 0 ? Optional.empty() : known.trace(id, element);
        String missing = !why.isEmpty()
                ? why
                : known == null
                        ? "Computing the sample in whole numbers …"
                        : elements == 0
                                ? "It is computed in float in this arithmetic: there is nothing to add up."
                                : trace.isEmpty()
                                        ? "No layer with weights makes it: there are no products to add up."
                                        : "";
        view.set(Optional.of(new View(
                arithmetic,
                sample,
                samples,
                element,
                elements,
                trace.map(MakingViewModel::made).orElse(""),
                trace.map(MakingViewModel::steps).orElse(List.of()),
                missing)));
    }

    private static String made(ElementTrace t) {
        return "Made by " + t.step() + ", output channel " + t.channel() + ", at " + place(t.place()) + ": "
                + Figures.count(t.terms().size()) + (t.terms().size() == 1 ? " product" : " products")
                + ", the largest by themselves.";
    }

    private static List<Step> steps(ElementTrace t) {
        List<Step> steps = new ArrayList<>();
        List<Term> terms = t.terms();
        Set<Integer> largest = IntStream.range(0, terms.size())
                .boxed()
                .sorted(Comparator.comparingInt(i -> -Math.abs(terms.get(i).product())))
                .limit(terms.size() <= SHOWN + 1 ? terms.size() : SHOWN)
                .collect(Collectors.toSet());
        long rest = 0;
        for (int i = 0; i < terms.size(); i++) {
            Term term = terms.get(i);
            if (largest.contains(i)) {
                steps.add(new Step("at " + place(term.at()), product(term)));
            } else {
                rest += term.product();
            }
        }
        int others = terms.size() - largest.size();
        if (others > 0) {
            steps.add(new Step("smaller ones", Figures.count(others) + " more products, together " + whole(rest)));
        }
        if (t.padding() > 0) {
            steps.add(new Step("padding", Figures.count(t.padding()) + " places lie outside and add 0"));
        }
        long products = (long) t.accumulator() - t.bias();
        steps.add(new Step("bias", whole(t.bias())));
        steps.add(new Step("accumulator", whole(products) + plus(t.bias()) + " = " + whole(t.accumulator())));
        double unrounded = t.unrounded();
        steps.add(new Step(
                "as a number",
                whole(t.accumulator()) + " · " + number(t.inputScale()) + " · " + number(t.weightScale()) + " = "
                        + number(unrounded)));
        double factor = t.factor().value();
        steps.add(new Step(
                "factor",
                number(t.inputScale()) + " · " + number(t.weightScale()) + " / " + number(t.outScale()) + " = "
                        + number(factor)
                        + switch (t.factor()) {
                            case Fixed f ->
                                ", kept as " + whole(f.multiplier()) + " · 2^(" + whole(f.shift()) + " − 31)";
                            case Single _ -> ", kept as float32";
                        }));
        steps.add(new Step(
                "requantized",
                whole(t.accumulator()) + " · " + number(factor) + " = " + number(t.accumulator() * factor) + " → "
                        + whole(t.scaled())));
        steps.add(new Step(
                "rounded",
                switch (t.factor()) {
                    case Fixed f -> f.rounding();
                    case Single _ -> "once, halves to even";
                }));
        long shifted = (long) t.scaled() + t.zeroPoint();
        if (t.zeroPoint() != 0) {
            steps.add(new Step("zero point", whole(t.scaled()) + plus(t.zeroPoint()) + " = " + whole(shifted)));
        }
        steps.add(new Step(
                shifted == t.code() ? "clamped" : "cut off",
                "clamp(" + whole(shifted) + ", " + whole(t.least()) + ", " + whole(t.most()) + ") = "
                        + whole(t.code())));
        steps.add(new Step(
                "back",
                difference(t.code(), t.zeroPoint()) + " · " + number(t.outScale()) + " = " + number(t.value())));
        if (shifted != t.code()) {
            steps.add(new Step("cut off by", "a Relu, whose work this is, or the range"));
            return steps;
        }
        double error = t.value() - unrounded;
        steps.add(new Step(
                "error",
                number(t.value()) + " − " + (unrounded < 0 ? "(" + number(unrounded) + ")" : number(unrounded)) + " = "
                        + number(error)
                        + String.format(Locale.ROOT, " = %.3f steps", error / t.outScale())
                                .replace('-', '−')));
        return steps;
    }

    private static String product(Term t) {
        String w = t.weightZero() == 0 ? bracketed(t.w()) : difference(t.w(), t.weightZero());
        return difference(t.x(), t.inputZero()) + " · " + w + " = " + whole(t.product());
    }

    /** Without the sample, which is the first index. */
    private static String place(List<Integer> at) {
        return at.stream().skip(1).map(String::valueOf).collect(Collectors.joining(", "));
    }

    /** Empty while nobody looks, or a weight is selected. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
