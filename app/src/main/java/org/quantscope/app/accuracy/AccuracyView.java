package org.quantscope.app.accuracy;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.SeparatorMenuItem;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.quantscope.app.ui.Facts;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.OncePerPulse;
import org.quantscope.app.ui.Previous;
import org.quantscope.app.ui.Section;
import org.quantscope.app.ui.SplitBar;
import org.quantscope.app.ui.SteadyLabel;
import org.quantscope.core.dataset.LabelNumbers;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Spread;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.Invisible;

/**
 * The accuracy, the most important figure of the window, with the model size, the samples and the interval that it
 * rests on.
 */
public final class AccuracyView extends VBox {
    private static final double BASELINE_GAP = 8;

    private final Label number = new SteadyLabel();
    private final Label baseline = new SteadyLabel();
    private final Label change = figure(
            "accuracy-change",
            "Quantized minus float score, with its 95 % interval for the whole set; of shares in percentage points");
    private final Label seen = figure("accuracy-seen", "Samples evaluated so far, in a fixed random order");
    private final VBox beside = new VBox(change, baseline);
    private final HBox headline = new HBox(BASELINE_GAP, number, spacer(), beside);
    private final SplitBar progress = new SplitBar("value", "");
    private final Facts facts = new Facts();
    private final Label agrees = facts.addNumber(
            "same class as float", "accuracy-agreement", "Samples where both models give the same class");
    private final Label sqnr = facts.addNumber(
            "output SQNR",
            "accuracy-sqnr",
            "Signal to quantization noise of the model's outputs, 10·log10(Σf²/Σ(f−q)²) of the float f and the"
                    + " quantized q, in dB; more is better");
    private final Label klDivergence = facts.addNumber(
            "KL divergence",
            "accuracy-divergence",
            "Σ p·ln(p/q) of the quantized model's class probabilities q from the float model's p, the mean over the"
                    + " samples, in nats; 0 is best");
    private final Label exact = facts.addNumber(
            "exact sequences",
            "accuracy-exact",
            "Samples with the right class at every scored position, or with every label right: quantized, of float");
    private final Label worst = facts.addNumber(
            "worst sample", "accuracy-worst", "The worst score of a single sample under the quantized model");
    private final Label spread = facts.addNumber(
            "least spread kept",
            "accuracy-spread",
            "Standard deviation of the quantized values over that of the float ones, for the slice of the output that"
                    + " lost most: near 0 a part of the output has collapsed, whatever the cosine says");
    private final MenuButton output = new MenuButton();
    private final VBox notes = new VBox(2);
    private final Button remedy = new Button();
    private final MenuButton task = new MenuButton();
    private final Tooltip taskTip = new Tooltip();
    private final Tooltip numberTip = new Tooltip();

    private final Facts sizes = new Facts();
    private final Label size =
            sizes.addNumber("size", "model-size", "All floating tensors of the model: as set, of float32");
    private final Label hint = new Label();
    private final Button again = new Button("Go on");
    private final OncePerPulse figures;
    private final Runnable chooseReference;
    private int shown;

    /** @param chooseReference lets the user choose the float model to compare with */
    public AccuracyView(AccuracyViewModel model, Runnable chooseReference) {
        this.chooseReference = chooseReference;
        number.setId("accuracy");
        number.getStyleClass().add("the-number");
        number.setMinWidth(Region.USE_PREF_SIZE);
        baseline.setId("float-accuracy");
        baseline.getStyleClass().add("muted");
        baseline.setMinWidth(Region.USE_PREF_SIZE);
        beside.setAlignment(Pos.CENTER_RIGHT);
        beside.setMinWidth(Region.USE_PREF_SIZE);
        headline.setAlignment(Pos.CENTER_LEFT);
        task.setId("accuracy-task");
        task.getStyleClass().add("link");
        task.setTooltip(taskTip);
        output.setId("accuracy-output");
        output.getStyleClass().add("link");
        output.setTooltip(new Tooltip("The output of the model that is scored. Click to choose another."));
        output.managedProperty().bind(output.visibleProperty());
        notes.setId("accuracy-notes");
        notes.managedProperty().bind(notes.visibleProperty());
        remedy.setId("accuracy-remedy");
        remedy.managedProperty().bind(remedy.visibleProperty());
        model.readingProperty().subscribe(how -> {
            showTasks(model, how.map(LiveEvaluator.Reading::possible).orElse(List.of()));
            showOutputs(model, how);
            showNotes(model, how);
        });
        model.doubtsProperty()
                .subscribe(x -> showNotes(model, model.readingProperty().get()));
        model.codeNotesProperty()
                .subscribe(x -> showNotes(model, model.readingProperty().get()));
        seen.getStyleClass().add("muted");
        HBox aside = new HBox(BASELINE_GAP, seen, output, task);
        aside.setAlignment(Pos.CENTER_RIGHT);
        hint.setId("accuracy-hint");
        hint.getStyleClass().add("hint");
        hint.setWrapText(true);
        again.setId("accuracy-again");
        again.setTooltip(new Tooltip("Evaluate the rest"));
        again.setOnAction(e -> model.restart());
        getChildren()
                .add(new Section("Accuracy", headline, progress, facts, hint, remedy, again, notes, sizes)
                        .withAside(aside));
        figures = new OncePerPulse(this, () -> show(model.viewProperty().get()));
        model.viewProperty().subscribe(v -> {
            figures.touch();
            // What is only on its way may change faster than frames; the end of it is shown at once.
            switch (v.status()) {
                case WAITING, RUNNING -> {}
                case NO_MODEL, NO_GRAPH, NO_DATA, NOT_RESOLVED, DONE, STOPPED -> figures.settle();
            }
        });
    }

    /** How often the figures have been replaced. */
    int shown() {
        return shown;
    }

    private void show(AccuracyState v) {
        shown++;
        boolean evaluates = switch (v.status()) {
            case NO_MODEL, NO_GRAPH, NO_DATA, NOT_RESOLVED -> false;
            case WAITING, RUNNING, DONE, STOPPED -> true;
        };
        for (Node node : new Node[] {headline, seen, progress, facts}) {
            node.setVisible(evaluates);
            node.setManaged(evaluates);
        }
        String text = switch (v.status()) {
            case NO_MODEL -> "Open a model, or drop one on the window.";
            case NO_GRAPH -> "This file holds weights without a graph: there is nothing to run.";
            case NO_DATA ->
                "Accuracy needs data: drop some here. Without labels, the answers are compared with the float model's.";
            case NOT_RESOLVED -> v instanceof AccuracyState.Unresolved u ? sentence(u.obstacle()) : "";
            case STOPPED -> "Stopped before the last sample.";
            case WAITING, RUNNING, DONE -> "";
        };
        hint.setText(text);
        hint.setMinHeight(Region.USE_PREF_SIZE);
        hint.setVisible(!text.isEmpty());
        hint.setManaged(!text.isEmpty());
        again.setVisible(v.status() == AccuracyState.Status.STOPPED);
        again.setManaged(again.isVisible());
        Optional<AccuracyEstimate> q = v.quantized();
        boolean partial = q.isPresent() && !q.get().isComplete();
        number.setText(q.map(e -> (partial ? "≈ " : "") + Figures.score(e.task(), e.score()))
                .orElse("…"));
        Optional<Task> scored = q.or(v::baseline).map(AccuracyEstimate::task);
        number.setAccessibleText(scored.map(Task::title).orElse("Accuracy") + " " + number.getText()
                + scored.map(t -> ", " + t.direction()).orElse(""));
        numberTip.setText(scored.map(t -> t.title() + ": " + t.direction()).orElse(""));
        number.setTooltip(scored.isPresent() ? numberTip : null);
        // The baseline of the same samples, so that the two differ only by the change shown beside them.
        baseline.setText(q.or(v::baseline)
                .map(e -> "float " + (e.isComplete() ? "" : "≈ ") + Figures.score(e.task(), e.floatScore()))
                .orElse("float …"));
        change.setText(q.map(AccuracyView::change).orElse(Figures.NONE));
        seen.setText(q.map(e -> Figures.count(e.seen()) + " of " + Figures.count(e.total()))
                .orElse(Figures.NONE));
        agrees.setText(q.filter(e -> e.agreement().isPresent())
                .map(e -> (partial ? "≈ " : "") + Figures.percent(e.agreement().getAsDouble()))
                .orElse(Figures.NONE));
        sqnr.setText(q.map(e -> (partial ? "≈ " : "") + sqnr(e)).orElse(Figures.NONE));
        klDivergence.setText(q.filter(e -> e.klDivergence().isPresent())
                .map(e -> (partial ? "≈ " : "") + Figures.small(e.klDivergence().getAsDouble()) + " nat"
                        + (e.details().bernoulli() ? ", sum of Bernoulli" : ""))
                .orElse(Figures.NONE));
        Optional<AccuracyEstimate.Exact> all = q.flatMap(e -> e.details().exact());
        exact.setText(all.map(x -> (partial ? "≈ " : "") + Figures.percent((double) x.quantized() / x.of()) + ", float "
                        + Figures.percent((double) x.ofFloat() / x.of()))
                .orElse(Figures.NONE));
        facts.show(exact, all.isPresent());
        Optional<AccuracyEstimate> single =
                q.filter(e -> !Double.isNaN(e.details().worst()));
        worst.setText(single.map(e -> Figures.score(e.task(), e.details().worst())
                        + (e.details().worstSample().isPresent()
                                ? ", sample " + e.details().worstSample().getAsInt()
                                : ""))
                .orElse(Figures.NONE));
        facts.show(worst, single.isPresent());
        Optional<Spread> kept = q.flatMap(e -> e.details().spread());
        spread.setText(kept.map(k -> Figures.percent(k.kept()) + ", axis " + k.axis() + " at " + k.index())
                .orElse(Figures.NONE));
        facts.show(spread, kept.isPresent());
        style(spread, "loss", kept.map(Spread::collapsed).orElse(false));
        // Outputs that are not classes have neither agreement nor flips.
        facts.show(agrees, q.isEmpty() || q.get().agreement().isPresent());
        facts.show(klDivergence, q.isEmpty() || q.get().klDivergence().isPresent());
        task.setText(q.or(v::baseline).map(e -> e.task().title()).orElse(""));
        task.setVisible(q.or(v::baseline).isPresent());
        taskTip.setText(q.or(v::baseline)
                .map(e -> e.task().explanation() + " " + interval(e)
                        + "\nClick to score something else, or to compare with another float model.")
                .orElse(""));
        progress.setShare(q.map(e -> (double) e.seen() / e.total()).orElse(0.0));
        for (Node node : new Node[] {number, change, seen, agrees, sqnr, klDivergence, progress}) {
            Previous.mark(node, v.previous());
        }
        style(change, "loss", q.map(AccuracyEstimate::isLoss).orElse(false));
        size.setText(v.size()
                .map(s -> Figures.bytes(s.quantizedBytes()) + " of " + Figures.bytes(s.floatBytes()))
                .orElse(Figures.NONE));
    }

    private static String sentence(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
    }

    private void showTasks(AccuracyViewModel model, List<Task> possible) {
        task.getItems().clear();
        task.setDisable(possible.isEmpty());
        for (int i = 0; i < possible.size(); i++) {
            Task offered = possible.get(i);
            // The automatic choice is stored as such, so that it adapts to other data.
            Optional<Task> choice = i == 0 ? Optional.empty() : Optional.of(offered);
            MenuItem item = new MenuItem(offered.title() + (i == 0 ? " (fits best)" : ""));
            item.setId("score-" + offered.id());
            item.setOnAction(e -> model.score(choice));
            task.getItems().add(item);
        }
        MenuItem other = new MenuItem("Compare with another float model…");
        other.setId("compare-with");
        other.setOnAction(e -> chooseReference.run());
        task.getItems().addAll(new SeparatorMenuItem(), other);
        if (model.chosenReference().isPresent()) {
            MenuItem itself = new MenuItem("Compare with the open model itself");
            itself.setId("compare-itself");
            itself.setOnAction(e -> model.compareWithItself());
            task.getItems().add(itself);
        }
    }

    /** The outputs to choose from, if there are several. */
    private void showOutputs(AccuracyViewModel model, Optional<LiveEvaluator.Reading> how) {
        output.getItems().clear();
        List<String> names = how.map(LiveEvaluator.Reading::outputs).orElse(List.of());
        output.setVisible(names.size() > 1);
        output.setText(how.map(r -> Invisible.escaped(r.output())).orElse(""));
        if (names.size() < 2) {
            return;
        }
        MenuItem fitting = new MenuItem("the one that fits the labels");
        fitting.setId("output-fitting");
        fitting.setOnAction(e -> model.scoreOutput(Optional.empty()));
        output.getItems().add(fitting);
        for (String name : names) {
            MenuItem item = new MenuItem(Invisible.escaped(name));
            item.setMnemonicParsing(false);
            item.setId("output-" + name);
            item.setOnAction(e -> model.scoreOutput(Optional.of(name)));
            output.getItems().add(item);
        }
    }

    /** What a person should know about the data, its labels and the codes of weights, and the remedy if they cannot be scored. */
    private void showNotes(AccuracyViewModel model, Optional<LiveEvaluator.Reading> how) {
        notes.getChildren().clear();
        Stream.of(
                        how.map(LiveEvaluator.Reading::notes).orElse(List.of()),
                        model.doubtsProperty().get(),
                        model.codeNotesProperty().get())
                .flatMap(List::stream)
                .forEach(text -> {
                    Label note = new Label(text);
                    note.getStyleClass().add("hint");
                    note.setWrapText(true);
                    note.setMinHeight(Region.USE_PREF_SIZE);
                    notes.getChildren().add(note);
                });
        notes.setVisible(!notes.getChildren().isEmpty());
        Optional<LabelNumbers> numbers = how.flatMap(LiveEvaluator.Reading::remedy);
        remedy.setVisible(numbers.isPresent());
        numbers.ifPresent(n -> {
            remedy.setText(
                    n.ignored().isPresent()
                            ? "Do not score label " + n.ignored().get()
                            : "Labels are numbered from " + n.first());
            remedy.setTooltip(new Tooltip("Reads the labels so, as the data dialog would; undo takes it back"));
            remedy.setOnAction(e -> model.adoptNumbers(n));
        });
    }

    private static String sqnr(AccuracyEstimate e) {
        double db = e.logitSqnrDb();
        return db == Double.POSITIVE_INFINITY
                ? "no error"
                : Figures.decibels(Double.isFinite(db) ? OptionalDouble.of(db) : OptionalDouble.empty());
    }

    /**
     * Adds or removes a style class only if that changes anything: setting it again would style the node again at every
     * batch.
     */
    private static void style(Node node, String style, boolean on) {
        if (!on) {
            node.getStyleClass().remove(style);
        } else if (!node.getStyleClass().contains(style)) {
            node.getStyleClass().add(style);
        }
    }

    private static Label figure(String id, String tip) {
        Label label = new SteadyLabel();
        label.setId(id);
        label.getStyleClass().add("number");
        label.setMinWidth(Region.USE_PREF_SIZE);
        label.setTooltip(new Tooltip(tip));
        return label;
    }

    private static Region spacer() {
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        return space;
    }

    /** How the interval was computed. */
    private static String interval(AccuracyEstimate e) {
        String of = e.task().isPooled()
                ? "bootstrap interval"
                : e.task().isProportion() && !e.task().isRatio()
                        ? "paired score interval (Tango)"
                        : "paired t interval";
        return "Interval: " + of + " at 95 %, without replacement."
                + e.details()
                        .intervals()
                        .filter(i -> Double.isFinite(i.quantized().lo())
                                && Double.isFinite(i.quantized().hi()))
                        .map(i -> "\nFor other such samples: "
                                + Figures.score(e.task(), i.quantized().lo()) + " to "
                                + Figures.score(e.task(), i.quantized().hi()) + " ("
                                + i.method().title() + ", 95 %).")
                        .orElse("")
                + "\n" + capitalized(e.task().direction()) + ".";
    }

    private static String capitalized(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    private static String change(AccuracyEstimate e) {
        double half = (e.deltaHi() - e.deltaLo()) / 2;
        if (e.isComplete()) {
            return Figures.difference(e.task(), e.delta());
        }
        if (Double.isInfinite(half)) {
            return Figures.difference(e.task(), e.delta()) + " ± ?";
        }
        String interval =
                e.task().isFraction() ? String.format(Locale.ROOT, "%.1f", half * 100) : Figures.score(e.task(), half);
        return Figures.difference(e.task(), e.delta()) + " ± " + interval;
    }
}
