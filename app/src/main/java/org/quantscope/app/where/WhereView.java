package org.quantscope.app.where;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TextField;
import javafx.scene.control.TitledPane;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.control.Tooltip;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.export.ExportViewModel.Status;
import org.quantscope.app.export.StatusView;
import org.quantscope.app.where.WhereState.Found;
import org.quantscope.app.where.WhereState.Line;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.improve.RunTarget;
import org.quantscope.core.io.Invisible;

/** Four steps below each other that stay visible: where, on what data, found settings, file. */
public final class WhereView extends ScrollPane {
    /** What the view needs others for. */
    public interface Places {
        void openModel();

        void chooseData();

        /** Lets the user choose the file to write. */
        Optional<Path> browse(Exporter exporter, Path suggestion);

        /** Asks whether an existing file may be replaced. */
        boolean mayReplace(Path file);

        /** Shows a folder in the file browser of the system. */
        void open(Path folder);
    }

    private static final double GAP = 8;
    private static final double STEPS = 14;
    private static final double BADGE = 24;
    private static final double TRIED = 190;
    private static final double WIDE = 300;
    /** What lies left and right of the content of a step, in pixels. */
    private static final double AROUND = 130;

    private final WhereViewModel model;
    private final ExportViewModel export;
    private final Places places;
    private final Label open = new Label();
    private final Button openModel;
    private final Map<RunTarget, ToggleButton> targets = new LinkedHashMap<>();
    private final Label where = hint("where-place");
    private final Label data = new Label();
    private final Label obstacle = hint("where-obstacle");
    private final Button find;
    private final HBox running;
    private final ProgressBar bar = new ProgressBar();
    private final Label doing = hint("where-doing");
    private final Label outcome = hint("where-outcome");
    private final VBox found = new VBox(4);
    private final ListView<Line> tried = new ListView<>();
    private final TitledPane all = new TitledPane("", tried);
    private final TextField file = new TextField();
    private final Label fileNote = hint("where-file-note");
    private final Button write;
    private final VBox after = new VBox(GAP);
    private final StatusView status;
    private final Subscription watching;
    private @Nullable Path suggested;
    private @Nullable Path agreed;
    private @Nullable Found shown;

    public WhereView(WhereViewModel model, ExportViewModel export, Places places) {
        this.model = model;
        this.export = export;
        this.places = places;
        getStyleClass().add("where");
        setFitToWidth(true);
        setHbarPolicy(ScrollBarPolicy.NEVER);
        openModel = button("_Open…", "where-open", "Open a model", places::openModel);
        Button choose = button("_Data…", "where-data-choose", "Choose data and its preprocessing", places::chooseData);
        find = button("F_ind settings", "where-find", "Measure what the place can hold, and take the best over", () -> {
            if (model.stateProperty().get().running()) {
                model.stop();
            } else {
                model.find();
            }
        });
        write = button("_Write", "where-write", "Write the file for the place", this::write);
        write.getStyleClass().add("primary");
        open.setId("where-model");
        data.setId("where-data");
        ToggleGroup group = new ToggleGroup();
        FlowPane tiles = new FlowPane(GAP, GAP);
        for (RunTarget target : RunTarget.all()) {
            ToggleButton tile = new ToggleButton(target.title());
            tile.setId("where-target-" + target.id());
            tile.setTooltip(new Tooltip(target.where()));
            tile.setToggleGroup(group);
            tile.setOnAction(e -> {
                // Without this, a second click on the selected one would deselect it.
                tile.setSelected(true);
                model.choose(target);
            });
            targets.put(target, tile);
            tiles.getChildren().add(tile);
        }
        // As wide as there is room, so that its height is that of its rows.
        widthProperty().subscribe(w -> tiles.setPrefWrapLength(Math.max(WIDE, w.doubleValue() - AROUND)));
        bar.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(bar, Priority.ALWAYS);
        doing.setMinWidth(WIDE);
        running = row(bar, doing);
        tried.setId("where-tried");
        tried.setPrefHeight(TRIED);
        tried.setCellFactory(x -> new LineCell());
        tried.setAccessibleText("Everything that was considered");
        all.setId("where-all");
        all.setExpanded(false);
        all.setAnimated(false);
        found.setId("where-found");
        file.setId("where-file");
        file.setAccessibleText("File to write");
        HBox.setHgrow(file, Priority.ALWAYS);
        Button browse = button(
                "_Browse…",
                "where-browse",
                "Choose the file in the system’s dialog",
                () -> places.browse(exporter(), path().orElse(model.suggestion()))
                        .ifPresent(p -> {
                            agreed = p;
                            file.setText(p.toString());
                        }));
        status = new StatusView(export, places::open);
        after.setId("where-after");
        VBox steps = new VBox(
                STEPS,
                step("1", "Where will it run?", row(open, openModel), tiles, where),
                step("2", "On what data?", row(data, choose)),
                step("3", "Settings", row(find, obstacle), running, outcome, found, all),
                step("4", "File", row(file, fileNote, browse, write), status, after));
        steps.setPadding(new Insets(GAP));
        setContent(steps);
        file.textProperty().subscribe(x -> check());
        watching = model.stateProperty()
                .subscribe(this::show)
                .and(export.statusProperty().subscribe(s -> {
                    check();
                    told(s);
                }));
    }

    private Exporter exporter() {
        return model.stateProperty().get().target().exporter();
    }

    private static HBox row(Node... nodes) {
        HBox row = new HBox(GAP, nodes);
        row.setAlignment(Pos.CENTER_LEFT);
        return row;
    }

    private static HBox step(String number, String title, Node... parts) {
        Label badge = new Label(number);
        badge.getStyleClass().addAll("where-badge", "hint");
        badge.setMinSize(BADGE, BADGE);
        badge.setAlignment(Pos.CENTER);
        Label head = new Label(title);
        head.getStyleClass().add("title");
        head.setId("where-step-" + number);
        VBox body = new VBox(GAP, head);
        body.getChildren().addAll(parts);
        body.setMinWidth(0);
        HBox.setHgrow(body, Priority.ALWAYS);
        HBox step = new HBox(STEPS, badge, body);
        step.getStyleClass().add("card");
        return step;
    }

    private static Label hint(String id) {
        Label label = new Label();
        label.setId(id);
        label.getStyleClass().add("hint");
        label.setWrapText(true);
        label.managedProperty().bind(label.textProperty().isNotEmpty());
        return label;
    }

    private static Button button(String text, String id, String tip, Runnable action) {
        Button button = new Button(text);
        button.setMnemonicParsing(true);
        button.setId(id);
        button.setMinWidth(Region.USE_PREF_SIZE);
        button.setTooltip(new Tooltip(tip));
        button.setOnAction(e -> action.run());
        return button;
    }

    private static void put(Node node, boolean on) {
        node.setVisible(on);
        node.setManaged(on);
    }

    private void show(WhereState v) {
        open.setText(v.model().isEmpty() ? "No model is open." : Invisible.escaped(v.model()));
        put(openModel, v.model().isEmpty());
        targets.forEach((target, tile) -> {
            tile.setSelected(target.equals(v.target()));
            tile.setDisable(v.running());
        });
        where.setText(v.target().where());
        data.setText(v.data().isEmpty() ? "No data is chosen." : Invisible.escaped(v.data()));
        obstacle.setText(v.obstacle());
        find.setText(v.running() ? "_Stop" : "F_ind settings");
        find.setDisable(!v.running() && !v.mayFind());
        boolean primary = v.found().filter(Found::present).isEmpty();
        find.getStyleClass().remove("primary");
        if (primary) {
            find.getStyleClass().add("primary");
        }
        put(running, v.running());
        bar.setProgress(v.share() < 0 ? ProgressBar.INDETERMINATE_PROGRESS : v.share());
        doing.setText(Invisible.escaped(v.doing()));
        outcome.setText(Invisible.escaped(v.outcome()));
        Found now = v.found().orElse(null);
        put(found, now != null);
        put(all, now != null);
        if (now != null && !now.equals(shown)) {
            found.getChildren().setAll(words(now));
            all.setText(now.tried().size() + " settings were considered");
            tried.getItems().setAll(now.tried());
        }
        shown = now;
        if (!v.model().isEmpty()) {
            Path next = model.suggestion();
            if (suggested == null
                    || (file.getText().equals(suggested.toString()) && !next.equals(suggested))
                    || !file.getText().endsWith(exporter().extension())) {
                file.setText(next.toString());
            }
            suggested = next;
        }
        check();
    }

    private static List<Node> words(Found found) {
        Label title = new Label("✓ " + Invisible.escaped(found.title()));
        title.setId("where-title");
        title.setWrapText(true);
        Label figures = new Label(String.join(" · ", found.figures()));
        figures.setId("where-figures");
        figures.setWrapText(true);
        Label problems = new Label(Invisible.escaped(String.join(" ", found.problems())));
        problems.setId("where-problems");
        problems.getStyleClass().add("hint");
        problems.setWrapText(true);
        Label standing = new Label(
                found.present()
                        ? "Taken over as one undo step (Ctrl+Z)."
                        : "These are not the settings in hand any more: find settings again, or go back to them.");
        standing.setId("where-standing");
        standing.getStyleClass().add("hint");
        standing.setWrapText(true);
        for (Label label : List.of(title, figures, problems, standing)) {
            label.setMinHeight(Region.USE_PREF_SIZE);
        }
        return List.of(title, figures, problems, standing);
    }

    private void write() {
        path().filter(p -> Exporters.files(exporter(), p).stream()
                        .allMatch(f -> f.equals(agreed) || !Files.exists(f) || places.mayReplace(f)))
                .ifPresent(p -> {
                    agreed = null;
                    model.write(p);
                });
    }

    private Optional<Path> path() {
        try {
            return file.getText().isBlank()
                    ? Optional.empty()
                    : Optional.of(Path.of(file.getText().strip()));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private void check() {
        String problem = path().map(WhereView::problem).orElse("This is not a valid file name.");
        boolean ready =
                model.stateProperty().get().found().filter(Found::present).isPresent();
        fileNote.setText(
                !ready
                        ? ""
                        : !problem.isEmpty()
                                ? problem
                                : path().filter(Files::exists).isPresent() ? "exists already" : "");
        write.setDisable(!ready || !problem.isEmpty() || export.statusProperty().get() instanceof Status.Running);
    }

    private static String problem(Path to) {
        Path folder = to.toAbsolutePath().normalize().getParent();
        return Files.isDirectory(to)
                ? "This is a folder."
                : folder == null || !Files.isDirectory(folder) ? "There is no such folder." : "";
    }

    /** What to do next, behind a written file. */
    private void told(Status now) {
        if (!(now instanceof Status.Written(ExportViewModel.Result result))
                || !result.exporter().id().equals(exporter().id())) {
            after.getChildren().clear();
            return;
        }
        String command = model.next(result.file().toAbsolutePath().normalize());
        Label line = new Label(Invisible.escaped(command));
        line.setId("where-next");
        line.getStyleClass().add("number");
        line.setWrapText(true);
        line.setMinHeight(Region.USE_PREF_SIZE);
        line.setMaxWidth(Double.MAX_VALUE);
        line.setAlignment(Pos.CENTER_LEFT);
        HBox.setHgrow(line, Priority.ALWAYS);
        Button copy = button("_Copy", "where-copy", "Copy the command to the clipboard", () -> {
            ClipboardContent text = new ClipboardContent();
            text.putString(command);
            Clipboard.getSystemClipboard().setContent(text);
        });
        Label then = new Label("Run next");
        then.setId("where-then");
        then.setMinWidth(Region.USE_PREF_SIZE);
        after.getChildren().setAll(row(then, line, copy));
        // The end of the way is seen.
        applyCss();
        layout();
        setVvalue(getVmax());
    }

    /** Puts the keyboard where a person begins. */
    public void focusFirst() {
        (openModel.isVisible() ? openModel : targets.values().iterator().next()).requestFocus();
    }

    /** Stops watching. */
    public void close() {
        watching.unsubscribe();
        status.close();
    }

    private static final class LineCell extends ListCell<Line> {
        private final Label settings = new Label();
        private final Label figures = new Label();
        private final Label mark = new Label();
        private final HBox line = row(settings, figures, mark);

        LineCell() {
            HBox.setHgrow(settings, Priority.ALWAYS);
            settings.setMaxWidth(Double.MAX_VALUE);
            settings.setMinWidth(0);
            figures.getStyleClass().add("number");
            figures.setMinWidth(Region.USE_PREF_SIZE);
            mark.getStyleClass().add("hint");
            mark.setMinWidth(70);
            mark.setMaxWidth(WIDE);
            setPrefWidth(0);
        }

        @Override
        protected void updateItem(@Nullable Line item, boolean empty) {
            super.updateItem(item, empty);
            if (item == null || empty) {
                setGraphic(null);
                return;
            }
            settings.setText(Invisible.escaped(item.settings()));
            figures.setText(item.figures());
            mark.setText(Invisible.escaped(item.mark()));
            mark.setTooltip(new Tooltip(Invisible.escaped(item.mark())));
            settings.setStyle(item.chosen() ? "-fx-font-weight: bold;" : "");
            setAccessibleText(settings.getText() + ", " + item.figures() + ", " + mark.getText());
            setGraphic(line);
        }
    }
}
