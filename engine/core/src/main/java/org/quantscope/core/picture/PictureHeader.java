package org.quantscope.core.picture;

/**
 * The facts about a picture that are known before it is decoded.
 *
 * @param width in pixels
 * @param height in pixels
 * @param grey it cannot hold colour
 */
public record PictureHeader(Format format, int width, int height, boolean grey) {
    /** The formats that can be read. */
    public enum Format {
        PNG("png"),
        JPEG("jpeg"),
        BMP("bmp"),
        GIF("gif");

        private final String reader;

        Format(String reader) {
            this.reader = reader;
        }

        /** The name of its reader in {@code javax.imageio}. */
        String reader() {
            return reader;
        }
    }
}
