package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.Engine;
import org.quantscope.core.export.OrtOverridesExporter;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.io.Destination;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "import",
        description = {
            "Reads the settings in another tool's file and writes them as a config for a model.",
            "Only what the file says is quantized. What has no place in the model is listed, with names that are like"
                    + " it."
        },
        footer = {
            "",
            "Example:",
            "  quantscope import --format tensorrt-cache calibration.cache --model model.onnx -o config.json"
        })
final class ImportCommand extends EngineCommand {
    @Parameters(paramLabel = "FILE", description = "The file of the other tool.")
    private Path file;

    @Option(
            names = "--format",
            paramLabel = "ID",
            required = true,
            description = "Its format; see quantscope list importers.")
    private String format;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            required = true,
            description = "The float model that the settings are for.")
    private Path modelFile;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "CFG",
            required = true,
            description = "The config to write (.json).")
    private Path output;

    @Option(names = "--no-fold-bn", description = "Leave BatchNormalization where it is.")
    private boolean keepBatchNorm;

    ImportCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        Importer importer = checked(() -> Importers.byId(format));
        new InputFiles()
                .model(modelFile)
                .file(file)
                .file(file.resolveSibling(file.getFileName() + OrtOverridesExporter.ARGUMENTS))
                .keep(List.of(output));
        Destination.of(output);
        SessionState empty = SessionState.of(FileRef.ofModel(modelFile, cancel()))
                .withWeights(Optional.empty())
                .withFoldBatchNorm(!keepBatchNorm);
        Model model = Engine.open(modelFile, empty);
        Imported imported = Importers.read(importer, file, model, cancel());
        SessionState state = imported.alone(empty);
        cancel().check();
        SessionFile.write(Session.of(state), output);
        List<Json> unmatched = imported.unmatched().stream()
                .map(u -> new Json().put("name", u.name()).put("why", u.why()).put("near", u.near()))
                .toList();
        imported.notes().forEach(terminal()::note);
        print(
                new Json()
                        .put("config", output.toString())
                        .put("tensors", imported.specs().size())
                        .put("unmatched", unmatched),
                () -> forPeople(imported));
        return ExitCode.DONE;
    }

    private void forPeople(Imported imported) {
        terminal()
                .out()
                .println(terminal().strong(output.toString()) + ": "
                        + imported.specs().size() + " tensors, "
                        + imported.unmatched().size() + " entries without a place");
        if (!imported.unmatched().isEmpty()) {
            Table table = new Table("entry", "why", "near names");
            imported.unmatched().forEach(u -> table.row(u.name(), u.why(), String.join(", ", u.near())));
            table.print(terminal());
        }
    }
}
