package org.quantscope.app.ui;

import static java.util.Objects.requireNonNull;

import atlantafx.base.theme.PrimerDark;
import atlantafx.base.theme.PrimerLight;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import javafx.application.Application;
import javafx.scene.Scene;

/** The light and the dark theme. */
public enum Theme {
    LIGHT("Light", Palette.LIGHT, new PrimerLight().getUserAgentStylesheet()),
    DARK("Dark", Palette.DARK, new PrimerDark().getUserAgentStylesheet());

    private static final String DATA = "data:text/css;charset=utf-8;base64,";
    private static final String OURS = requireNonNull(
                    Theme.class.getResource("/org/quantscope/app/quantscope.css"), "quantscope.css")
            .toExternalForm();

    private final String title;
    private final String base;
    private final String colours;

    Theme(String title, Palette palette, String base) {
        this.title = title;
        this.base = base;
        this.colours =
                DATA + Base64.getEncoder().encodeToString(palette.stylesheet().getBytes(StandardCharsets.UTF_8));
    }

    public String title() {
        return title;
    }

    public Palette palette() {
        return switch (this) {
            case LIGHT -> Palette.LIGHT;
            case DARK -> Palette.DARK;
        };
    }

    public Theme other() {
        return this == DARK ? LIGHT : DARK;
    }

    /** Makes this the base theme of every window. Call it on the FX thread, then {@link #applyTo} for each scene. */
    public void install() {
        Fonts.load();
        Application.setUserAgentStylesheet(base);
    }

    /**
     * Gives {@code scene} and its popups the colours of this theme in place of those of another theme. Each dialog has
     * its own scene.
     */
    public void applyTo(Scene scene) {
        var sheets = scene.getStylesheets();
        sheets.removeIf(s -> s.startsWith(DATA) || s.equals(OURS));
        sheets.addAll(colours, OURS);
    }
}
