package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quantscope.cli.CommandLineRun.sample;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator;
import io.modelcontextprotocol.spec.McpClientTransport;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands as tools, asked by the SDK's own client over pipes. */
class ServeCommandTest {
    private static final JacksonMcpJsonMapper MAPPER = new JacksonMcpJsonMapper(new JsonMapper());

    @TempDir
    private Path folder;

    private ToolServer.Commands commands() {
        return Cli.served(fault -> Optional.of(CommandLineRun.LOG), folder);
    }

    /** A client and a server in this process. */
    private static final class Served implements AutoCloseable {
        private final PipedInputStream toServer = new PipedInputStream(1 << 16);
        private final PipedInputStream toClient = new PipedInputStream(1 << 16);
        private final OutputStream requests;
        private final Thread server;
        final McpSyncClient client;

        Served(ToolServer.Commands commands, boolean allowWrite) throws IOException {
            requests = new PipedOutputStream(toServer);
            OutputStream answers = new PipedOutputStream(toClient);
            server = Thread.ofPlatform()
                    .daemon()
                    .start(() -> ToolServer.serve(commands, allowWrite, toServer, answers, new CancelToken()));
            client = McpClient.sync(new Pipes(toClient, requests))
                    .requestTimeout(Duration.ofSeconds(30))
                    .jsonSchemaValidator((schema, content) -> JsonSchemaValidator.ValidationResponse.asValid(""))
                    .build();
            client.initialize();
        }

        CallToolResult call(String tool, Map<String, Object> arguments) {
            return client.callTool(
                    CallToolRequest.builder(tool).arguments(arguments).build());
        }

        void send(String line) throws IOException {
            synchronized (requests) {
                requests.write((line + "\n").getBytes(StandardCharsets.UTF_8));
                requests.flush();
            }
        }

        /** Closing the stream ends the server. */
        @Override
        public void close() throws IOException {
            requests.close();
            try {
                assertThat(server.join(Duration.ofSeconds(20))).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            client.close();
        }
    }

    private record Pipes(PipedInputStream in, OutputStream out) implements McpClientTransport {
        @Override
        public Mono<Void> connect(Function<Mono<JSONRPCMessage>, Mono<JSONRPCMessage>> handler) {
            Thread.ofPlatform().daemon().start(() -> {
                try (BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
                    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                        handler.apply(Mono.just(McpSchema.deserializeJsonRpcMessage(MAPPER, line)))
                                .subscribe();
                    }
                } catch (IOException e) {
                    // The server has gone.
                    return;
                }
            });
            return Mono.empty();
        }

        @Override
        public Mono<Void> sendMessage(JSONRPCMessage message) {
            return Mono.fromRunnable(() -> {
                try {
                    synchronized (out) {
                        out.write((MAPPER.writeValueAsString(message) + "\n").getBytes(StandardCharsets.UTF_8));
                        out.flush();
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }

        @Override
        public Mono<Void> closeGracefully() {
            return Mono.empty();
        }

        @Override
        public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
            return MAPPER.convertValue(data, type);
        }
    }

    private static JsonNode json(CallToolResult result) {
        return new JsonMapper().readTree(((TextContent) result.content().getFirst()).text());
    }

    private static JsonNode refusal(CallToolResult result) {
        assertThat(result.isError()).isTrue();
        return json(result);
    }

    @Test
    void aClientInspectsMeasuresAndReadsComplaints() throws IOException {
        String model = sample("digits_mlp.onnx").toString();
        Path config = folder.resolve("c.json");
        try (Served served = new Served(commands(), false)) {
            Map<String, Tool> tools =
                    served.client.listTools().tools().stream().collect(Collectors.toMap(Tool::name, tool -> tool));
            assertThat(tools)
                    .containsKeys("inspect", "error", "eval", "lesson-run")
                    .doesNotContainKey("serve");
            assertThat(tools.get("inspect").annotations().readOnlyHint()).isTrue();
            assertThat(tools.get("calibrate").annotations().readOnlyHint()).isFalse();
            assertThat(tools.get("calibrate").description()).startsWith("Refused, because it writes files: ");
            Map<String, Object> schema = tools.get("error").inputSchema();
            assertThat(schema.get("required")).isEqualTo(List.of("model"));
            JsonNode properties = new JsonMapper().valueToTree(schema.get("properties"));
            assertThat(properties.at("/bits/type").asString()).isEqualTo("integer");
            assertThat(properties.at("/symmetric/type").asString()).isEqualTo("boolean");
            assertThat(properties.has("json")).isFalse();

            assertThat(json(served.call("inspect", Map.of("model", model, "header", true))))
                    .isEqualTo(CommandLineRun.of("inspect", model, "--header", "--json")
                            .json());
            assertThat(json(served.call("error", Map.of("model", model, "tensor", "0.weight", "bits", 4))))
                    .isEqualTo(CommandLineRun.of("error", model, "--tensor", "0.weight", "--bits", 4, "--json")
                            .json());
            assertThat(json(served.call("explain", Map.of("term", List.of("zero", "point"))))
                            .has("id"))
                    .isTrue();

            JsonNode write = refusal(
                    served.call("calibrate", Map.of("model", model, "weights", 8, "output", config.toString())));
            assertThat(write.get("exit_code").asInt()).isEqualTo(2);
            assertThat(write.get("message").asString()).contains("this server only reads", "--allow-write");
            assertThat(config).doesNotExist();

            JsonNode bits = refusal(served.call("error", Map.of("model", model, "tensor", "0.weight", "bits", 17)));
            assertThat(bits.get("exit_code").asInt()).isEqualTo(2);
            assertThat(bits.get("message").asString()).contains("bits: 1 to 16 are supported, got 17");
            assertThat(refusal(served.call("error", Map.of("model", model, "bit", 4)))
                            .get("message")
                            .asString())
                    .startsWith("bit: there is no such argument; there are ");
            JsonNode missing = refusal(served.call("inspect", Map.of("model", folder + "/none.onnx")));
            assertThat(missing.get("exit_code").asInt()).isEqualTo(3);
            assertThat(missing.get("message").asString()).contains("none.onnx: no such file");
        }
    }

    /** Else a file of words could hold the option that writes. */
    @Test
    void aWordThatBeginsWithAtIsNoFileOfWords() throws IOException {
        Path words = Files.writeString(
                folder.resolve("words"), sample("digits_mlp.onnx").toString());
        try (Served served = new Served(commands(), false)) {
            JsonNode answer = refusal(served.call("inspect", Map.of("model", "@" + words)));
            assertThat(answer.get("exit_code").asInt()).isEqualTo(3);
        }
    }

    @Test
    void filesAreWrittenWhereThatWasAllowed() throws IOException {
        Path config = folder.resolve("c.json");
        try (Served served = new Served(commands(), true)) {
            CallToolResult result = served.call(
                    "calibrate",
                    Map.of("model", sample("digits_mlp.onnx").toString(), "weights", 8, "output", config.toString()));
            assertThat(json(result).get("config").asString()).isEqualTo(config.toString());
        }
        assertThat(config).exists();
    }

    /** Calls run one at a time; one that is cancelled stops, one that waits behind it never begins its work. */
    @Test
    void aCancelledCallStops() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        ToolServer.Commands slow = new ToolServer.Commands() {
            @Override
            public CommandLine described() {
                return commands().described();
            }

            @Override
            public int run(String[] words, Terminal terminal, CancelToken cancel) {
                if (!words[0].equals("inspect")) {
                    return commands().run(words, terminal, cancel);
                }
                CountDownLatch cancelled = new CountDownLatch(1);
                cancel.onCancel(cancelled::countDown);
                running.countDown();
                try {
                    assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                stopped.countDown();
                return ExitCode.CANCELLED;
            }
        };
        try (Served served = new Served(slow, false)) {
            served.send(
                    "{\"jsonrpc\":\"2.0\",\"id\":\"mine\",\"method\":\"tools/call\",\"params\":{\"name\":\"inspect\","
                            + "\"arguments\":{\"model\":\"x\"}}}");
            assertThat(running.await(20, TimeUnit.SECONDS)).isTrue();
            served.send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":"
                    + "\"mine\"}}");
            assertThat(stopped.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(json(served.call("list", Map.of("what", "loaders"))).size())
                    .isPositive();
        }
    }

    /** A new option that names a file to be written must be known as such, or a reading server would run it. */
    @Test
    void everyOptionThatSaysItWritesIsKnownToWrite() {
        commands().described().getSubcommands().values().forEach(this::check);
    }

    private void check(CommandLine command) {
        command.getSubcommands().values().forEach(this::check);
        for (ArgSpec argument :
                new ToolArguments(command.getCommandSpec()).fields().values()) {
            String said = String.join(" ", argument.description());
            if (argument.type() == Path.class && said.matches("(?i).*\\b(writes?|is written|is put|saves?)\\b.*")) {
                assertThat(ToolArguments.writes(argument)).as(said).isTrue();
            }
        }
    }

    @Test
    void withoutStdioThereIsNothingToSpeakOver() {
        CommandLineRun run = CommandLineRun.of("serve");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("--stdio");
    }
}
