package org.quantscope.app.lesson;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.RadioButton;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.ToggleGroup;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.lesson.LessonViewModel.Phase;
import org.quantscope.app.lesson.LessonViewModel.View;
import org.quantscope.app.ui.MarkdownText;
import org.quantscope.app.ui.Segments;
import org.quantscope.core.lesson.Judge;
import org.quantscope.core.lesson.Judge.Finding;
import org.quantscope.core.lesson.Lesson.Answer;
import org.quantscope.core.lesson.Lesson.Card;
import org.quantscope.core.lesson.Lesson.Prediction;
import org.quantscope.core.lesson.Lesson.Reason;
import org.quantscope.core.lesson.Lesson.Step;
import org.quantscope.core.lesson.Sheet;

/** The panel of a lesson: text, question, answer, truth, goals, why, hints, and the way through the steps. */
public final class LessonView extends BorderPane {
    private static final double GAP = 10;
    private static final double PADDING = 14;
    /** The part of the height of the panel that a question may take at most. */
    private static final double MOST_QUESTION = 0.6;

    private final LessonViewModel model;
    private final Label lessonTitle = wrapped("lesson-name");
    private final Label place = wrapped("hint");
    private final ProgressBar progress = new ProgressBar();
    private final Label title = wrapped("lesson-title");
    private final MarkdownText text = new MarkdownText();
    private final VBox question = new VBox(GAP);
    private final VBox told = new VBox(GAP);
    private final VBox goals = new VBox(GAP / 2);
    private final VBox why = new VBox(GAP);
    private final Label because = wrapped("lesson-because");
    private final VBox hints = new VBox(GAP / 2);
    private final Button more = new Button();
    private final Button back = button("◀ Back", "lesson-back", "The step before (Page Up)");
    private final Button skip = button("Skip", "lesson-skip", "Go on without having done this step; it is recorded");
    private final Button next = button("Next ▶", "lesson-next", "The next step (Page Down)");
    private final Button sheet =
            button("Sheet…", "lesson-sheet", "Write what you predicted and what is true to a page to hand in");
    private final Label still = wrapped("hint");
    private final ScrollPane scroll;
    private final ScrollPane dock = new ScrollPane();
    private final VBox reading;
    private Button answering = next;
    private boolean shownReveal;
    private @Nullable Step shownStep;
    private @Nullable Phase shownPhase;

    /** @param writeSheet asks for a name and a file, and writes the sheet to hand in */
    public LessonView(LessonViewModel model, Runnable writeSheet) {
        this.model = model;
        setId("lesson");
        setMinHeight(0);
        getStyleClass().add("lesson");
        Button over = button("Start over", "lesson-over", "Back to the first step");
        over.getStyleClass().add("link");
        over.setOnAction(e -> model.startOver());
        Button leave = button("Leave ✕", "lesson-leave", "End the lesson; your session comes back as it was");
        leave.getStyleClass().add("link");
        leave.setOnAction(e -> model.leave());
        HBox.setHgrow(lessonTitle, Priority.ALWAYS);
        lessonTitle.setMaxWidth(Double.MAX_VALUE);
        HBox head = new HBox(GAP, lessonTitle, over, leave);
        head.setAlignment(Pos.CENTER_LEFT);
        progress.setMaxWidth(Double.MAX_VALUE);
        progress.setAccessibleText("How far the lesson has come");
        VBox top = new VBox(GAP / 2, head, progress, place);
        top.setPadding(new Insets(PADDING, PADDING, GAP, PADDING));
        setTop(top);
        more.setId("lesson-hint");
        more.getStyleClass().add("link");
        more.setOnAction(e -> model.hint());
        VBox content = new VBox(GAP, title, text, told, goals, why, hints, more);
        reading = content;
        content.setPadding(new Insets(0, PADDING, PADDING, PADDING));
        scroll = new ScrollPane(content);
        scroll.setFitToWidth(true);
        scroll.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        scroll.getStyleClass().add("side-panel");
        scroll.setFocusTraversable(false);
        // The question is always in sight, below a text of any length.
        dock.setContent(question);
        dock.setFitToWidth(true);
        dock.setHbarPolicy(ScrollPane.ScrollBarPolicy.NEVER);
        dock.getStyleClass().addAll("side-panel", "lesson-dock");
        dock.setFocusTraversable(false);
        dock.setMinHeight(0);
        dock.managedProperty().bind(dock.visibleProperty());
        question.setPadding(new Insets(GAP, PADDING, 0, PADDING));
        question.heightProperty().subscribe(h -> fitDock());
        heightProperty().subscribe(h -> fitDock());
        VBox middle = new VBox(scroll, dock);
        VBox.setVgrow(scroll, Priority.ALWAYS);
        setCenter(middle);
        back.setOnAction(e -> model.back());
        skip.setOnAction(e -> model.skip());
        sheet.setOnAction(e -> writeSheet.run());
        next.setOnAction(e -> model.next());
        next.getStyleClass().add("primary");
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        HBox buttons = new HBox(GAP, back, space, sheet, skip, next);
        VBox bottom = new VBox(GAP / 2, still, buttons);
        bottom.setPadding(new Insets(GAP, PADDING, PADDING, PADDING));
        setBottom(bottom);
        model.viewProperty().subscribe(v -> v.ifPresent(this::show));
    }

    /** The question gets the height that it needs, but leaves some to the text. */
    private void fitDock() {
        double height = Math.min(question.getHeight() + 2, MOST_QUESTION * getHeight());
        dock.setPrefHeight(height);
        dock.setMinHeight(height);
    }

    /** True if the keyboard is on a control of the lesson. */
    public boolean hasKeyboard() {
        Node owner = getScene() == null ? null : getScene().getFocusOwner();
        for (Node n = owner; n != null; n = n.getParent()) {
            if (n.equals(this)) {
                return true;
            }
        }
        return false;
    }

    /** True for a control of the answer itself. */
    public boolean isOfAnswer(Node node) {
        for (Node n = node; n != null; n = n.getParent()) {
            if (n instanceof AnswerPane) {
                return true;
            }
        }
        return false;
    }

    /** Gives the answer as it stands, if one is asked for. */
    public void answer() {
        if (dock.isVisible()) {
            answering.fire();
        }
    }

    /** Puts the keyboard on what is to be done next. */
    public void focusFirst() {
        Optional<Node> answer = question.getChildren().stream()
                .filter(AnswerPane.class::isInstance)
                .findFirst();
        if (answer.isPresent()) {
            if (!((AnswerPane) answer.get()).focusFirst()) {
                answering.requestFocus();
            }
        } else if (!next.isDisabled()) {
            next.requestFocus();
        } else {
            why.getChildren().stream()
                    .filter(RadioButton.class::isInstance)
                    .findFirst()
                    .or(() -> Optional.<Node>of(more).filter(Node::isVisible))
                    .orElse(skip)
                    .requestFocus();
        }
    }

    private static Button button(String text, String id, String tip) {
        Button button = new Button(text);
        button.setId(id);
        button.setMinWidth(USE_PREF_SIZE);
        button.setTooltip(new Tooltip(tip));
        return button;
    }

    private static Label wrapped(String style) {
        Label label = new Label();
        label.getStyleClass().add(style);
        label.setWrapText(true);
        label.setMinHeight(USE_PREF_SIZE);
        return label;
    }

    private static Label wrapped(String style, String text) {
        Label label = wrapped(style);
        label.setText(text);
        return label;
    }

    @SuppressWarnings("ReferenceEquality") // the very step that is shown
    private void show(View v) {
        Step step = v.current();
        boolean newStep = step != shownStep;
        boolean newPhase = newStep || v.phase() != shownPhase;
        shownStep = step;
        shownPhase = v.phase();
        lessonTitle.setText(v.lesson().title());
        int count = v.lesson().steps().size();
        place.setText(String.format(Locale.ROOT, "Step %d of %d", v.step() + 1, count)
                + (v.skipped().isEmpty() ? "" : " · skipped: " + skipped(v)));
        progress.setProgress(v.finished() ? 1 : (double) v.step() / count);
        if (newStep) {
            title.setText(step.title());
            text.setText((v.step() == 0 ? v.lesson().intro() + "\n\n" : "") + step.text());
            scroll.setVvalue(0);
        }
        if (newPhase) {
            ask(v);
            askWhy(v);
        }
        tell(v);
        showGoals(v);
        because.setText(
                v.reason().isPresent()
                        ? reasons(step).get(v.reason().getAsInt()).because()
                        : "");
        put(because, v.reason().isPresent());
        hints.getChildren()
                .setAll(step.hints().stream()
                        .limit(v.hints())
                        .map(h -> wrapped("lesson-hint", "Hint: " + h))
                        .toList());
        int left = step.hints().size() - v.hints();
        more.setText(left == 1 ? "A hint" : "A hint (" + left + " left)");
        put(more, left > 0 && !v.finished());
        back.setDisable(v.step() == 0 && !v.finished());
        put(skip, !v.finished() && !v.done());
        put(sheet, v.finished());
        next.setDisable(!v.done() || v.finished());
        next.setText(v.step() + 1 == count ? "Finish" : "Next ▶");
        still.setText(left(v));
        boolean asking = v.phase() == Phase.ASKING;
        // Behind its answer the question is read with what is true.
        dock.setVisible(asking);
        if (asking) {
            reading.getChildren().remove(question);
            dock.setContent(question);
        } else if (!reading.getChildren().contains(question)) {
            dock.setContent(null);
            reading.getChildren().add(reading.getChildren().indexOf(told), question);
        }
        question.setPadding(asking ? new Insets(GAP, PADDING, 0, PADDING) : Insets.EMPTY);
        if ((newPhase
                        && (asking
                                || (v.phase() == Phase.SHOWN
                                        && v.current().why().isPresent())))
                || (v.done() && !v.finished())) {
            focusFirst();
        }
        boolean revealed = !v.reveal().isEmpty();
        if (v.phase() == Phase.SHOWN && v.answer().isPresent() && (newPhase || revealed != shownReveal)) {
            showTruth();
        }
        shownReveal = revealed;
    }

    /** Scrolls to the question and what is true, above which is only what was read before. */
    private void showTruth() {
        Scene scene = getScene();
        if (scene == null) {
            return;
        }
        scene.addPostLayoutPulseListener(new Runnable() {
            @Override
            public void run() {
                scene.removePostLayoutPulseListener(this);
                double spare = reading.getHeight() - scroll.getViewportBounds().getHeight();
                scroll.setVvalue(
                        spare <= 0 ? 0 : Math.clamp(question.getBoundsInParent().getMinY() / spare, 0, 1));
            }
        });
    }

    private static String skipped(View v) {
        return String.join(", ", v.skipped().stream().map(String::valueOf).toList());
    }

    private static List<Reason> reasons(Step step) {
        return step.why().map(w -> w.reasons()).orElse(List.of());
    }

    /** What is still to be done in this step. */
    private static String left(View v) {
        if (v.finished()) {
            return v.skipped().isEmpty()
                    ? "Done. You can now: " + String.join(" ", v.lesson().able())
                    : "The end. Skipped: " + skipped(v) + ".";
        }
        return switch (v.phase()) {
            case OPENING -> "Opening…";
            case JUDGING -> "Computing…";
            case ASKING -> {
                String covered = String.join(
                        ", ", v.covered().stream().map(Card::id).sorted().toList());
                yield "First your answer." + (covered.isEmpty() ? "" : " Covered until then: " + covered + ".");
            }
            case SHOWN ->
                v.done()
                        ? ""
                        : v.goals().stream().anyMatch(g -> !g.passed())
                                ? "The goal is still to be reached."
                                : v.current().why().isPresent() ? "Now say why." : "";
        };
    }

    private void ask(View v) {
        question.getChildren().clear();
        Prediction prediction = v.current().prediction().orElse(null);
        if (prediction == null || v.phase() == Phase.OPENING) {
            return;
        }
        question.getChildren().add(wrapped("lesson-question", prediction.question()));
        if (v.phase() != Phase.ASKING) {
            return;
        }
        AnswerPane pane = new AnswerPane(prediction, model::handle);
        Segments sure = new Segments(Sheet.SURENESS.toArray(String[]::new));
        for (int i = 0; i < Sheet.SURENESS.size(); i++) {
            sure.describe(i, "lesson-sure-" + (i + 1), "How sure are you?");
        }
        int[] chosen = {1};
        sure.choose(chosen[0]);
        sure.setOnChoose(i -> chosen[0] = i);
        Label how = wrapped("hint", "How sure are you?");
        Label missing = wrapped("warning");
        put(missing, false);
        Button give = button("This is my answer", "lesson-answer", "Then you see what is true");
        give.getStyleClass().add("primary");
        answering = give;
        give.setOnAction(e -> {
            Optional<Answer> answer = pane.answer();
            put(missing, answer.isEmpty());
            missing.setText("Answer first: a choice, or a number.");
            answer.ifPresent(a -> model.answer(a, chosen[0]));
        });
        FlowPane last = new FlowPane(GAP, GAP / 2, sure, give);
        question.getChildren().addAll(pane, how, last, missing);
    }

    /** The prediction stays beside what is true. */
    private void tell(View v) {
        told.getChildren().clear();
        Prediction prediction = v.current().prediction().orElse(null);
        if (prediction != null && v.answer().isPresent() && v.right().isPresent()) {
            boolean right = v.right().get();
            Label said = wrapped(
                    right ? "lesson-right" : "lesson-wrong",
                    "You said: " + Sheet.words(prediction, v.answer().get()) + " ("
                            + Sheet.SURENESS.get(v.sure()) + ") – "
                            + (right ? "right ✓" : "not so ✗"));
            said.setId("lesson-said");
            Label truth = wrapped("lesson-truth", "It is: " + v.truth());
            truth.setId("lesson-truth");
            told.getChildren().addAll(said, truth);
        }
        if (!v.reveal().isEmpty()) {
            MarkdownText reveal = new MarkdownText();
            reveal.setId("lesson-reveal");
            reveal.setText(v.reveal());
            told.getChildren().add(reveal);
        }
    }

    private void showGoals(View v) {
        goals.getChildren().clear();
        if (v.phase() != Phase.SHOWN || v.current().goals().isEmpty()) {
            return;
        }
        for (int i = 0; i < v.current().goals().size(); i++) {
            Finding found = i < v.goals().size() ? v.goals().get(i) : null;
            boolean passed = found != null && found.passed();
            String now = found == null || found.value().isEmpty()
                    ? ""
                    : "  (now " + Judge.said(found.value().getAsDouble(), found.unit()) + ")";
            Label goal = wrapped(
                    passed ? "lesson-right" : "lesson-goal",
                    (passed ? "✓ " : "○ ") + v.current().goals().get(i).text() + now);
            goals.getChildren().add(goal);
        }
    }

    private void askWhy(View v) {
        why.getChildren().clear();
        if (v.phase() != Phase.SHOWN || v.current().why().isEmpty()) {
            return;
        }
        why.getChildren().add(wrapped("lesson-question", v.current().why().get().question()));
        ToggleGroup group = new ToggleGroup();
        List<Reason> all = reasons(v.current());
        for (int i = 0; i < all.size(); i++) {
            int index = i;
            RadioButton button = new RadioButton(all.get(i).text());
            button.setId("lesson-why-" + (i + 1));
            button.setMnemonicParsing(false);
            button.setWrapText(true);
            button.setToggleGroup(group);
            button.setSelected(v.reason().isPresent() && v.reason().getAsInt() == i);
            why.getChildren().add(button);
            button.selectedProperty().subscribe((was, is) -> {
                if (is) {
                    model.choose(index);
                }
            });
        }
        why.getChildren().add(because);
    }

    private static void put(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }

    /** What is shown, for who covers cards of the window. */
    public ReadOnlyObjectProperty<Optional<View>> viewProperty() {
        return model.viewProperty();
    }
}
