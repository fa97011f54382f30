package org.quantscope.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the client writes, line by line, on its way to the SDK, which knows no cancellation: each call of a tool is given a
 * token, whose key stands in {@code _meta} of the call, and {@code notifications/cancelled} cancels it. When the client
 * has closed the stream, all calls are cancelled.
 */
final class ToolRequests extends InputStream {
    /** The field of {@code _meta} by which a call finds its token. */
    static final String KEY = "org.quantscope/call";

    /** The longest line that is read, in bytes. */
    private static final int LONGEST = 16 << 20;

    private static final JsonMapper MAPPER = new JsonMapper();

    private final InputStream in;
    private final Runnable ended;
    private final Map<String, CancelToken> running = new ConcurrentHashMap<>();
    private byte[] line = {};
    private int at;

    /** @param ended run once the client has closed the stream or broken it */
    ToolRequests(InputStream in, Runnable ended) {
        this.in = new BufferedInputStream(in);
        this.ended = ended;
    }

    /** The token of a call; one that nobody cancels if the key is unknown. */
    CancelToken token(String key) {
        return running.getOrDefault(key, new CancelToken());
    }

    void done(String key) {
        running.remove(key);
    }

    void cancelAll() {
        running.values().forEach(CancelToken::cancel);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    /** Gives what is left of one line at most, so that a request never waits for the next one. */
    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (at == line.length && !next()) {
            cancelAll();
            ended.run();
            return -1;
        }
        int count = Math.min(length, line.length - at);
        System.arraycopy(line, at, target, offset, count);
        at += count;
        return count;
    }

    private boolean next() throws IOException {
        String text = null;
        while (text == null) {
            String read = readLine();
            if (read == null) {
                return false;
            }
            text = seen(read);
        }
        line = (text + "\n").getBytes(StandardCharsets.UTF_8);
        at = 0;
        return true;
    }

    /** The next line; null at the end of the stream, or if it is too long. */
    private @Nullable String readLine() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int b;
        while ((b = in.read()) >= 0 && b != '\n') {
            if (bytes.size() == LONGEST) {
                return null;
            }
            bytes.write(b);
        }
        return b < 0 && bytes.size() == 0 ? null : bytes.toString(StandardCharsets.UTF_8);
    }

    /** What the SDK is given of a line; null if it need not know of it. */
    private @Nullable String seen(String text) {
        try {
            JsonNode message = MAPPER.readTree(text);
            JsonNode parameters = message.path("params");
            switch (message.path("method").asString("")) {
                case "tools/call" -> {
                    if (parameters instanceof ObjectNode call && message.has("id")) {
                        String key = message.get("id").toString();
                        running.put(key, new CancelToken());
                        call.withObject("_meta").put(KEY, key);
                        return message.toString();
                    }
                }
                case "notifications/cancelled" -> {
                    CancelToken token = running.get(parameters.path("requestId").toString());
                    if (token != null) {
                        token.cancel();
                    }
                    return null;
                }
                default -> {}
            }
        } catch (JacksonException e) {
            // The SDK complains about what is no JSON.
            return text;
        }
        return text;
    }
}
