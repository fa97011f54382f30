package org.quantscope.app.ui;

import java.awt.FontFormatException;
import java.awt.GraphicsEnvironment;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javafx.scene.text.Font;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.Unpacked;

/**
 * The bundled fonts, so that the program looks the same everywhere: one family for words, and one for numbers with
 * digits of equal width.
 */
public final class Fonts {
    /** The font of words. */
    public static final String SANS = "Inter";
    /** The font of titles and of the most important figure. */
    public static final String SANS_SEMIBOLD = "Inter Semi Bold";
    /** The font of numbers. */
    public static final String MONO = "JetBrains Mono";

    private static final String MONO_FILE = "JetBrainsMono-Regular.ttf";
    private static final List<String> FILES = List.of("Inter-Regular.otf", "Inter-SemiBold.otf", MONO_FILE);

    private static boolean loaded;

    private Fonts() {}

    /** Registers the fonts with JavaFX, and the one that charts use with AWT. Further calls do nothing. */
    public static synchronized void load() {
        if (loaded) {
            return;
        }
        // Both toolkits copy what they read from a stream to a temporary file, which a killed process leaves behind.
        Optional<Path> folder = Unpacked.folder(
                "fonts", Fonts.class, FILES.stream().map(Fonts::resource).toList(), unpacked -> true);
        for (String file : FILES) {
            try {
                if (loadFont(file, folder) == null) {
                    throw new IllegalStateException("fonts/" + file + ": not a font that JavaFX reads");
                }
            } catch (IOException e) {
                throw new IllegalStateException("fonts/" + file, e);
            }
        }
        try {
            GraphicsEnvironment.getLocalGraphicsEnvironment().registerFont(awtFont(folder));
        } catch (IOException | FontFormatException e) {
            throw new IllegalStateException("fonts/" + MONO_FILE, e);
        }
        loaded = true;
    }

    /** The font of words. */
    public static Font sans(double size) {
        load();
        return Font.font(SANS, size);
    }

    /** The font of numbers. */
    public static Font mono(double size) {
        load();
        return Font.font(MONO, size);
    }

    /** The font of numbers, for a chart. */
    public static java.awt.Font awtMono(int size) {
        load();
        return new java.awt.Font(MONO, java.awt.Font.PLAIN, size);
    }

    private static @Nullable Font loadFont(String file, Optional<Path> folder) throws IOException {
        if (folder.isPresent()) {
            return Font.loadFont(folder.get().resolve(file).toUri().toString(), 13);
        }
        try (InputStream in = open(file)) {
            return Font.loadFont(in, 13);
        }
    }

    private static java.awt.Font awtFont(Optional<Path> folder) throws IOException, FontFormatException {
        if (folder.isPresent()) {
            return java.awt.Font.createFont(
                    java.awt.Font.TRUETYPE_FONT, folder.get().resolve(MONO_FILE).toFile());
        }
        try (InputStream in = open(MONO_FILE)) {
            return java.awt.Font.createFont(java.awt.Font.TRUETYPE_FONT, in);
        }
    }

    private static String resource(String file) {
        return "/org/quantscope/app/fonts/" + file;
    }

    private static InputStream open(String file) throws IOException {
        InputStream in = Fonts.class.getResourceAsStream(resource(file));
        if (in == null) {
            throw new IOException("missing from the program");
        }
        return in;
    }
}
