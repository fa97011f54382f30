package org.quantscope.app.export;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.OverrunStyle;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.Tooltip;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.quantscope.app.export.ExportViewModel.Result;
import org.quantscope.app.export.ExportViewModel.Status;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.verify.Verification;

/** Progress of an export, then where the file is and the result of its verification. */
public final class StatusView extends VBox {
    private static final double GAP = 8;
    private static final double WIDE = 20;

    private final Consumer<Path> opener;
    private final Label what = new Label();
    private final ProgressBar bar = new ProgressBar();
    private final HBox running;
    private final Button cancel;
    private final Subscription following;

    /** @param opener shows a folder in the file browser of the system */
    public StatusView(ExportViewModel model, Consumer<Path> opener) {
        super(GAP);
        this.opener = opener;
        setId("export-status");
        getStyleClass().add("export-status");
        managedProperty().bind(visibleProperty());
        setMinHeight(USE_PREF_SIZE);
        what.setId("export-progress");
        bar.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(bar, Priority.ALWAYS);
        cancel = button("Ca_ncel", "export-cancel", "Cancel; nothing is written", model::cancel);
        running = new HBox(GAP, what, bar, cancel);
        running.setAlignment(Pos.CENTER_LEFT);
        following = model.statusProperty().subscribe(this::show);
    }

    /** Focuses the button that cancels the export. */
    public void focusCancel() {
        cancel.requestFocus();
    }

    /** Stops following the export. */
    public void close() {
        following.unsubscribe();
    }

    private void show(Status status) {
        setVisible(!(status instanceof Status.None));
        switch (status) {
            case Status.None() -> getChildren().clear();
            case Status.Running(Path target, String now, double fraction) -> {
                what.setText(Invisible.escaped(target.getFileName() + ": " + now));
                bar.setProgress(fraction);
                bar.setAccessibleText("Exporting " + Invisible.escaped(String.valueOf(target.getFileName())));
                if (!getChildren().contains(running)) {
                    getChildren().setAll(running);
                }
            }
            case Status.Refused(String why) -> {
                Label sentence = new Label("✕ " + Invisible.escaped(why));
                sentence.setId("export-refused");
                sentence.getStyleClass().add("loss");
                sentence.setWrapText(true);
                sentence.setMinHeight(USE_PREF_SIZE);
                getChildren().setAll(sentence);
            }
            case Status.Written(Result result) -> getChildren().setAll(written(result));
        }
    }

    private List<Node> written(Result result) {
        Path file = result.file().toAbsolutePath().normalize();
        Label path = new Label("✓ " + Invisible.escaped(file.toString())
                + (result.files().size() == 1 ? "" : " and " + (result.files().size() - 1) + " beside it"));
        path.setId("result-path");
        path.getStyleClass().add("title");
        path.setTextOverrun(OverrunStyle.CENTER_ELLIPSIS);
        path.setMinWidth(0);
        path.setMaxWidth(Double.MAX_VALUE);
        path.setTooltip(new Tooltip(String.join(
                "\n",
                result.files().stream()
                        .map(f ->
                                Invisible.escaped(f.toAbsolutePath().normalize().toString()))
                        .toList())));
        HBox.setHgrow(path, Priority.ALWAYS);
        HBox where = new HBox(
                GAP,
                path,
                button("Copy _path", "result-copy", "Copy the path to the clipboard", () -> {
                    ClipboardContent text = new ClipboardContent();
                    text.putString(file.toString());
                    Clipboard.getSystemClipboard().setContent(text);
                }),
                button(
                        "Open f_older",
                        "result-folder",
                        "Show the folder in the system’s file browser",
                        () -> opener.accept(file.resolveSibling(""))));
        where.setAlignment(Pos.CENTER_LEFT);
        FlowPane facts = new FlowPane(WIDE, 2);
        facts.setPrefWrapLength(Region.USE_COMPUTED_SIZE);
        facts.getChildren().setAll(facts(result));
        List<Node> all = new ArrayList<>(List.of(where, facts));
        all.addAll(ways(result));
        all.addAll(found(result));
        return all;
    }

    private static List<Node> facts(Result result) {
        List<Node> facts = new ArrayList<>();
        if (result.verified().isEmpty()) {
            facts.add(words("Not verified: there is no data to run it on."));
        } else {
            switch (result.verified().get()) {
                case Verification.Ran ran -> facts.addAll(figures(ran.run()));
                case Verification.ReRead read ->
                    facts.add(words("Read back: " + Figures.count(read.tensors())
                            + (read.tensors() == 1 ? " tensor" : " tensors") + " as they were."));
                case Verification.WellFormed _ ->
                    facts.add(words("Well formed; Quantscope cannot read this format back."));
            }
        }
        facts.add(fact("size", "result-size", Figures.bytes(result.bytes()), "Size of all written files"));
        facts.add(fact("SHA-256", "result-sha256", result.sha256(), "Of the file, for whoever receives it"));
        return facts;
    }

    /** The figures of the run that a user of the file gets. */
    private static List<Node> figures(Verification.Run run) {
        List<Node> facts = new ArrayList<>();
        run.accuracy()
                .ifPresent(a -> facts.add(
                        fact("accuracy", "result-accuracy", Figures.percent(a), "Top-1 of the written file")));
        run.liveAgreement()
                .ifPresent(a -> facts.add(fact(
                        "agrees with the window",
                        "result-agreement",
                        Figures.percent(a),
                        "Samples where the file gives the answer that was evaluated here")));
        run.floatAgreement()
                .ifPresent(a -> facts.add(fact(
                        "with float",
                        "result-float-agreement",
                        Figures.percent(a),
                        "Samples where the file gives the float model’s answer")));
        facts.add(fact(
                "largest difference",
                "result-difference",
                String.format(Locale.ROOT, "%.3g", run.maxAbsLogitDiff()),
                "Of an output from what was evaluated here, in units of the output"));
        facts.add(fact(
                "run in ONNX Runtime",
                "result-samples",
                Figures.count(run.samples()) + " samples",
                "The written file was run on these data"));
        return facts;
    }

    /** One line for each way of running an ONNX file, or none. */
    private static List<Node> ways(Result result) {
        return result.ran()
                .<List<Node>>map(ran -> {
                    List<Node> ways = new ArrayList<>(List.of(
                            way(
                                    "As a user runs it (ONNX Runtime " + ran.version() + ", default options): ",
                                    "result-as-run",
                                    ran.asRun()),
                            way("As the nodes read (integer kernels off): ", "result-as-written", ran.asWritten())));
                    ran.exactSums()
                            .ifPresent(exact -> ways.add(way(
                                    "As a processor with VNNI runs it (session.x64quantprecision=1): ",
                                    "result-exact-sums",
                                    exact)));
                    return ways;
                })
                .orElse(List.of());
    }

    private static Label way(String name, String id, Verification.Attempt attempt) {
        boolean good = attempt instanceof Verification.Run run && run.agrees();
        Label line = new Label((good ? "✓ " : "✕ ")
                + name
                + switch (attempt) {
                    case Verification.Refused(String why) -> "refused. " + why;
                    case Verification.Run run ->
                        (run.liveAgreement().isPresent()
                                        ? Figures.percent(run.liveAgreement().getAsDouble()) + " agree with the window"
                                                + (Double.isFinite(run.liveSqnrDb())
                                                        ? String.format(
                                                                Locale.ROOT,
                                                                ", outputs within %.1f dB",
                                                                run.liveSqnrDb())
                                                        : ", outputs equal")
                                        : String.format(
                                                Locale.ROOT, "at most %.3g from the window", run.maxAbsLogitDiff()))
                                + Invisible.escaped(run.besides());
                });
        line.setId(id);
        line.setWrapText(true);
        line.setMinHeight(USE_PREF_SIZE);
        if (!good) {
            line.getStyleClass().add("loss");
        }
        line.setTooltip(new Tooltip(
                "SQNR of the outputs to those evaluated here, in dB: more is nearer. ONNX Runtime replaces quantized"
                        + " nodes by integer kernels unless the session option session.disable_quant_qdq is 1."));
        return line;
    }

    /** What running the file has shown against it, with the remedy. */
    private static List<Node> found(Result result) {
        return result.problems().stream()
                .<Node>map(p -> {
                    Label sentence = new Label(Invisible.escaped("✕ " + p.why() + ". Remedy: " + p.remedy() + "."));
                    sentence.getStyleClass().addAll("loss", "export-found");
                    sentence.setWrapText(true);
                    sentence.setMinHeight(USE_PREF_SIZE);
                    return sentence;
                })
                .toList();
    }

    private static Label words(String text) {
        Label label = new Label(text);
        label.setId("result-verified");
        return label;
    }

    private static HBox fact(String name, String id, String text, String tip) {
        Label label = new Label(name);
        label.getStyleClass().add("hint");
        Label value = new Label(text);
        value.setId(id);
        value.getStyleClass().add("number");
        value.setAccessibleText(name + " " + text);
        for (Label each : List.of(label, value)) {
            each.setTooltip(new Tooltip(tip));
            each.setMinWidth(USE_PREF_SIZE);
        }
        HBox fact = new HBox(GAP / 2, label, value);
        fact.setAlignment(Pos.CENTER_LEFT);
        return fact;
    }

    private static Button button(String text, String id, String tip, Runnable action) {
        Button button = new Button(text);
        button.setId(id);
        button.setMnemonicParsing(true);
        button.setTooltip(new Tooltip(tip));
        button.setMinWidth(USE_PREF_SIZE);
        button.setOnAction(e -> action.run());
        return button;
    }
}
