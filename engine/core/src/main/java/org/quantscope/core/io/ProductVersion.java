package org.quantscope.core.io;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Properties;

/** The version of this program, as the build wrote it down. */
public final class ProductVersion {
    private static final String CURRENT = read();

    private ProductVersion() {}

    /** For example {@code 1.2.0}. */
    public static String current() {
        return CURRENT;
    }

    private static String read() {
        Properties properties = new Properties();
        try (InputStream in = Objects.requireNonNull(
                ProductVersion.class.getResourceAsStream("version.properties"), "version.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new IllegalStateException("version.properties of the program cannot be read", e);
        }
        return Objects.requireNonNull(properties.getProperty("version"), "version");
    }
}
