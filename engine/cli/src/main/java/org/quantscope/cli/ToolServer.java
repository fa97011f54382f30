package org.quantscope.cli;

import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.transport.StdioServerTransportProvider;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import io.modelcontextprotocol.spec.McpSchema.ToolAnnotations;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.quantscope.core.io.ProductVersion;
import org.quantscope.core.job.CancelToken;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import tools.jackson.databind.json.JsonMapper;

/** The commands as tools of the Model Context Protocol. Calls run one after the other, each as a command line would. */
final class ToolServer {
    private static final String ALLOW = "--allow-write";
    private static final long DRAIN_SECONDS = 20;

    /** Input is judged by the command itself, so that an agent and a person read the same complaint. */
    private static final JsonSchemaValidator BY_THE_COMMAND =
            (schema, content) -> JsonSchemaValidator.ValidationResponse.asValid("");

    private final Commands commands;
    private final boolean allowWrite;
    private final ToolRequests requests;
    private final ExecutorService oneAtATime = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("tool").factory());

    /** The command line that is served. */
    interface Commands {
        /** The commands, to be described and not to be run. */
        CommandLine described();

        /**
         * Runs a command line whose words are taken as they are: none names a file of further words.
         *
         * @return the exit code
         */
        int run(String[] words, Terminal terminal, CancelToken cancel);
    }

    private ToolServer(Commands commands, boolean allowWrite, ToolRequests requests) {
        this.commands = commands;
        this.allowWrite = allowWrite;
        this.requests = requests;
    }

    /**
     * Serves until the client closes {@code in} or {@code cancel} is cancelled; what then runs is cancelled.
     *
     * @param allowWrite whether commands may write files
     */
    static void serve(Commands commands, boolean allowWrite, InputStream in, OutputStream out, CancelToken cancel) {
        CountDownLatch ended = new CountDownLatch(1);
        ToolRequests requests = new ToolRequests(in, ended::countDown);
        ToolServer tools = new ToolServer(commands, allowWrite, requests);
        JacksonMcpJsonMapper mapper = new JacksonMcpJsonMapper(new JsonMapper());
        McpSyncServer server = McpServer.sync(new StdioServerTransportProvider(mapper, requests, out))
                .jsonMapper(mapper)
                .jsonSchemaValidator(BY_THE_COMMAND)
                .validateToolInputs(false)
                .serverInfo("quantscope", ProductVersion.current())
                .instructions("Quantization of neural networks: what is in a model file, what a number format does to"
                        + " its tensors, what that costs in accuracy, and files for other tools. Every tool is a"
                        + " command of quantscope and answers with its JSON. Calls run one at a time. "
                        + (allowWrite ? "" : "Files are only read: tools that write are refused."))
                .capabilities(ServerCapabilities.builder().tools(false).build())
                .tools(tools.all())
                .build();
        try (CancelToken.Registration _ = cancel.onCancel(() -> {
            requests.cancelAll();
            ended.countDown();
        })) {
            ended.await();
            tools.oneAtATime.shutdown();
            tools.oneAtATime.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server.close();
    }

    private List<SyncToolSpecification> all() {
        List<SyncToolSpecification> tools = new ArrayList<>();
        commands.described().getSubcommands().forEach((name, command) -> collect(tools, List.of(name), command));
        return tools;
    }

    private void collect(List<SyncToolSpecification> tools, List<String> path, CommandLine command) {
        if (path.equals(List.of("serve"))) {
            return;
        }
        if (command.getSubcommands().isEmpty()) {
            tools.add(tool(path, command));
        }
        command.getSubcommands().forEach((name, under) -> {
            List<String> longer = new ArrayList<>(path);
            longer.add(name);
            collect(tools, longer, under);
        });
    }

    private SyncToolSpecification tool(List<String> path, CommandLine command) {
        ToolArguments arguments = new ToolArguments(command.getCommandSpec());
        boolean refused = arguments.mustWrite() && !allowWrite;
        String description =
                String.join(" ", command.getCommandSpec().usageMessage().description());
        Tool tool = Tool.builder(String.join("-", path), arguments.schema(allowWrite))
                .description(refused ? "Refused, because it writes files: " + description : description)
                .annotations(ToolAnnotations.builder()
                        .readOnlyHint(!arguments.mustWrite())
                        .openWorldHint(false)
                        .build())
                .build();
        return SyncToolSpecification.builder()
                .tool(tool)
                .callHandler((exchange, request) -> answer(path, arguments, request))
                .build();
    }

    private CallToolResult answer(List<String> path, ToolArguments arguments, CallToolRequest request) {
        String key =
                String.valueOf(request.meta() == null ? null : request.meta().get(ToolRequests.KEY));
        try {
            Map<String, Object> given = request.arguments() == null ? Map.of() : request.arguments();
            if (!allowWrite) {
                for (Map.Entry<String, ArgSpec> field : arguments.fields().entrySet()) {
                    if (ToolArguments.writes(field.getValue())
                            && (field.getValue().required() || given.containsKey(field.getKey()))) {
                        return failed(
                                ExitCode.USAGE,
                                field.getKey() + ": " + String.join(" ", path)
                                        + " writes files, and this server only reads; start it with " + ALLOW);
                    }
                }
            }
            List<String> words = new ArrayList<>(path);
            words.add("--json");
            words.addAll(arguments.words(given));
            CancelToken token = requests.token(key);
            Future<CallToolResult> result = oneAtATime.submit(() -> run(words, token));
            return result.get();
        } catch (IllegalArgumentException e) {
            return failed(ExitCode.USAGE, String.valueOf(e.getMessage()));
        } catch (ExecutionException e) {
            return failed(ExitCode.FAULT, String.valueOf(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(ExitCode.CANCELLED, "cancelled");
        } finally {
            requests.done(key);
        }
    }

    private CallToolResult run(List<String> words, CancelToken token) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = commands.run(
                words.toArray(String[]::new),
                new Terminal(new PrintWriter(out), new PrintWriter(err), false, false),
                token);
        if (code != ExitCode.DONE && code != ExitCode.CHECK_FAILED) {
            return failed(code, err.toString().strip());
        }
        CallToolResult.Builder answer =
                CallToolResult.builder().addTextContent(out.toString().strip()).isError(false);
        List<String> notes = Arrays.stream(err.toString().split("\\R", -1))
                .filter(line -> !line.isBlank())
                .toList();
        if (code != ExitCode.DONE || !notes.isEmpty()) {
            Map<String, Object> beside = new LinkedHashMap<>();
            beside.put("exit_code", code);
            beside.put("notes", notes);
            answer.addTextContent(new JsonMapper().writeValueAsString(beside));
        }
        return answer.build();
    }

    private static CallToolResult failed(int code, String message) {
        return CallToolResult.builder()
                .addTextContent(new Json()
                        .put("exit_code", code)
                        .put("message", message)
                        .toString())
                .isError(true)
                .build();
    }
}
