package org.quantscope.core.picture;

/**
 * What a picture file says before it is decoded.
 *
 * @param width in pixels
 * @param height in pixels
 * @param grey no colour can be in it
 */
public record PictureHeader(Format format, int width, int height, boolean grey) {
    /** What is read. */
    public enum Format {
        PNG("png"),
        JPEG("jpeg"),
        BMP("bmp"),
        GIF("gif");

        private final String reader;

        Format(String reader) {
            this.reader = reader;
        }

        /** The name of its reader in the platform. */
        String reader() {
            return reader;
        }
    }
}
