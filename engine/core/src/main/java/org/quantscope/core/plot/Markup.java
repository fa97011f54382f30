package org.quantscope.core.plot;

/** Pages of HTML that need no network and no script. */
public final class Markup {
    private Markup() {}

    /**
     * Text that stands for itself in HTML and XML, between tags and in quoted attributes. Characters that XML cannot
     * hold, and those that turn the direction of text around, are shown as their number.
     */
    public static String escape(String text) {
        StringBuilder safe = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> {
                    if (isUnshowable(c)) {
                        safe.append(String.format("\\u{%X}", c));
                    } else {
                        safe.appendCodePoint(c);
                    }
                }
            }
        });
        return safe.toString();
    }

    private static boolean isUnshowable(int c) {
        boolean blank = c == '\n' || c == '\t' || c == '\r';
        return (c < ' ' && !blank)
                || (c >= 0x7f && c <= 0x9f)
                || (c >= 0xd800 && c <= 0xdfff)
                || c == 0xfffe
                || c == 0xffff
                || (c >= 0x202a && c <= 0x202e)
                || (c >= 0x2066 && c <= 0x2069);
    }

    /**
     * A whole page.
     *
     * @param title as text
     * @param style the rules of its style
     * @param body as HTML
     */
    public static String page(String title, String style, String body) {
        return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
                + "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>" + escape(title)
                + "</title>\n<style>\n" + style + "</style></head>\n<body>\n" + body + "</body></html>\n";
    }
}
