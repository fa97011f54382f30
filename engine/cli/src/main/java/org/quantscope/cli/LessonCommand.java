package org.quantscope.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.lesson.Judge.Finding;
import org.quantscope.core.lesson.Lesson;
import org.quantscope.core.lesson.LessonReader;
import org.quantscope.core.lesson.Lessons;
import org.quantscope.core.lesson.Materials;
import org.quantscope.core.lesson.Problem;
import org.quantscope.core.lesson.Robot;
import org.quantscope.core.lesson.Sheet;
import org.quantscope.core.tensor.NearNames;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The lessons: what there are, whether one is in order, and going through one. */
@Command(
        name = "lesson",
        mixinStandardHelpOptions = true,
        versionProvider = QuantscopeCommand.Version.class,
        description = "Lists the lessons, checks a lesson of your own, or goes through one without a window.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "Example:", "  quantscope lesson run clip-or-round --solution"})
final class LessonCommand implements Runnable {
    private static final int NEAR = 3;

    @Spec
    private CommandSpec spec;

    private LessonCommand() {}

    /** With its subcommands. */
    static CommandLine of(Terminal terminal, CancelToken cancel, LessonList lessons) {
        return new CommandLine(new LessonCommand())
                .addSubcommand("list", new ListLessons(terminal, cancel, lessons))
                .addSubcommand("check", new Check(terminal, cancel))
                .addSubcommand("run", new Run(terminal, cancel, lessons));
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(),
                "a command is needed: " + String.join(", ", spec.subcommands().keySet()));
    }

    /** Opens models as the window does. The caller closes it. */
    static Robot robot(Path folder, CancelToken cancel) {
        List<Path> folders = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            folders.add(folder.toAbsolutePath());
        }
        Materials.samples().ifPresent(folders::add);
        int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4);
        return new Robot(
                new Materials(folders),
                (source, state, token) -> Engine.analysed(source, state, Progress.NONE, token),
                Engine.EVALUATION_SEED,
                threads,
                cancel);
    }

    @Command(
            name = "list",
            description = "Lists the lessons that come with the program, and those of your own.",
            footer = {"", "Example:", "  quantscope lesson list"})
    static final class ListLessons extends EngineCommand {
        private final LessonList lessons;

        ListLessons(Terminal terminal, CancelToken cancel, LessonList lessons) {
            super(terminal, cancel);
            this.lessons = lessons;
        }

        @Override
        public Integer call() {
            print(lessons.json(), () -> lessons.print(terminal()));
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "check",
            description = "Checks a lesson: whether it can be read, its solutions pass and its wrong blocks do not.",
            footer = {"", "Example:", "  quantscope lesson check lessons/my-lesson"})
    static final class Check extends EngineCommand {
        @Parameters(paramLabel = "DIR", description = "The folder of a lesson, or its lesson.md.")
        private Path folder;

        Check(Terminal terminal, CancelToken cancel) {
            super(terminal, cancel);
        }

        @Override
        public Integer call() throws IOException {
            LessonReader.Read read = LessonReader.read(folder);
            List<Problem> problems = read.problems();
            if (read.lesson().isPresent()) {
                Path beside = Files.isDirectory(folder)
                        ? folder
                        : Optional.ofNullable(folder.toAbsolutePath().getParent())
                                .orElse(folder);
                try (Robot robot = robot(beside, cancel())) {
                    problems = robot.check(read.lesson().get());
                }
            }
            List<Problem> found = problems;
            Json json = new Json()
                    .put("ok", found.isEmpty())
                    .put(
                            "problems",
                            found.stream()
                                    .map(p -> new Json()
                                            .put("file", p.file())
                                            .put("line", p.line())
                                            .put("why", p.why()))
                                    .toList());
            print(json, () -> {
                if (found.isEmpty()) {
                    terminal()
                            .out()
                            .println("ok: "
                                    + read.lesson().orElseThrow().steps().size() + " steps, "
                                    + Robot.wrongs(read.lesson().orElseThrow()) + " wrong blocks fail as they should");
                }
                found.forEach(p -> terminal().out().println(p));
            });
            return found.isEmpty() ? ExitCode.DONE : ExitCode.CHECK_FAILED;
        }
    }

    @Command(
            name = "run",
            description = "Goes through a lesson by its solutions, or follows one of its wrong blocks.",
            footer = {"", "Example:", "  quantscope lesson run one-outlier --wrong 2"})
    static final class Run extends EngineCommand {
        @Parameters(paramLabel = "ID", description = "A lesson of quantscope lesson list, or a folder.")
        private String id;

        @ArgGroup(multiplicity = "1")
        private Way way;

        /** What the robot follows. */
        static final class Way {
            @Option(names = "--solution", required = true, description = "Follow the solutions.")
            private boolean solution;

            @Option(
                    names = "--wrong",
                    required = true,
                    paramLabel = "K",
                    description = "Follow wrong block K, counted through the lesson from 1; it must not pass.")
            private @Nullable Integer wrong;
        }

        @Option(
                names = "--sheet",
                paramLabel = "FILE",
                description =
                        "With --solution: write the sheet to hand in, one HTML page with questions, answers, figures"
                                + " and pictures.")
        private @Nullable Path sheet;

        @Option(names = "--name", paramLabel = "NAME", description = "The name on the sheet (default: none).")
        private String name = "";

        private final LessonList lessons;

        Run(Terminal terminal, CancelToken cancel, LessonList lessons) {
            super(terminal, cancel);
            this.lessons = lessons;
        }

        @Override
        public Integer call() throws IOException {
            Optional<Lesson> bundled = Lessons.byId(id);
            Path folder = bundled.isPresent() ? Path.of("") : lessons.own(id).orElseGet(() -> Path.of(id));
            Lesson lesson = bundled.isPresent() ? bundled.get() : ofFolder(folder);
            int wrongs = Robot.wrongs(lesson);
            if (way.wrong != null && (way.wrong < 1 || way.wrong > wrongs)) {
                throw usage("--wrong: 1 to " + wrongs + " in " + lesson.id() + ", got " + way.wrong);
            }
            if (sheet != null && way.wrong != null) {
                throw usage("--sheet needs --solution");
            }
            List<Robot.Outcome> outcomes;
            try (Robot robot = robot(folder, cancel())) {
                outcomes = robot.run(
                        lesson, way.solution || way.wrong == null ? OptionalInt.empty() : OptionalInt.of(way.wrong));
                if (sheet != null) {
                    Sheet page = new Sheet(
                            lesson,
                            name,
                            LocalDate.now(ZoneId.systemDefault()).toString(),
                            robot.sheet(lesson, Robot.solutions(lesson), Map.of()));
                    AtomicFile.write(sheet, out -> out.write(page.html().getBytes(StandardCharsets.UTF_8)));
                }
            }
            boolean passed = outcomes.stream().allMatch(Robot.Outcome::passed);
            List<Json> steps = new ArrayList<>();
            Table table = new Table("step", "goal", "figure", ">value", "unit", "passed");
            for (Robot.Outcome outcome : outcomes) {
                for (Finding finding : outcome.findings()) {
                    steps.add(json(outcome, finding));
                    table.row(
                            outcome.step().id(),
                            finding.goal(),
                            finding.figure(),
                            finding.value().isPresent()
                                    ? Text.number(finding.value().getAsDouble())
                                    : "",
                            finding.unit(),
                            finding.passed() ? "yes" : "no");
                }
            }
            print(new Json().put("passed", passed).put("steps", steps), () -> {
                table.print(terminal());
                terminal().out().println(passed ? "passed" : "not passed");
            });
            return passed ? ExitCode.DONE : ExitCode.CHECK_FAILED;
        }

        private static Json json(Robot.Outcome outcome, Finding finding) {
            Json json = new Json().put("id", outcome.step().id()).put("goal", finding.goal());
            if (!finding.figure().isEmpty()) {
                json.put("figure", finding.figure())
                        .put("value", finding.value())
                        .put("unit", finding.unit());
            }
            return json.put("passed", finding.passed());
        }

        private Lesson ofFolder(Path folder) throws IOException {
            if (!Files.exists(folder)) {
                throw usage("ID: there is no lesson \"" + id + "\"; near: "
                        + String.join(", ", NearNames.of(id, lessons.ids(), NEAR))
                        + "; a folder of your own works too");
            }
            LessonReader.Read read = LessonReader.read(folder);
            return read.lesson().orElseThrow(() -> {
                Problem first = read.problems().getFirst();
                int more = read.problems().size() - 1;
                return new BadInputException(
                        first.file(),
                        "line " + first.line(),
                        first.why() + (more == 0 ? "" : "; and " + more + " more (quantscope lesson check)"));
            });
        }
    }
}
