package org.quantscope.app.screenshot;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import javax.imageio.ImageIO;

/** Many pictures of the window on one sheet, each scaled down and with a line above it. */
final class SheetPicture {
    private static final int GAP = 10;
    private static final int LINE = 22;
    private static final int HEAD = 34;
    private static final int COLUMNS = 4;
    private static final int COLOURS = 64;
    /** Colours of the palette differ by at least this much, summed over the three channels. */
    private static final int APART = 18;

    private static final int BINS = 5;

    private SheetPicture() {}

    /** @param label what stands above the picture */
    record Cell(String label, BufferedImage picture) {}

    /**
     * Writes the sheet as a PNG of few colours, with the widest pictures of {@code widths} that keep it small.
     *
     * @param widths of one picture in pixels, the widest first
     * @param bytes the size that the file should not exceed; with the least width it may
     */
    static void write(String title, List<Cell> cells, int[] widths, int bytes, Path file) throws IOException {
        for (int width : widths) {
            if (!ImageIO.write(fewColours(sheet(title, cells, width)), "png", file.toFile())) {
                throw new IOException(file + ": no writer for PNG");
            }
            if (Files.size(file) <= bytes) {
                return;
            }
        }
    }

    private static BufferedImage sheet(String title, List<Cell> cells, int width) {
        List<BufferedImage> small =
                cells.stream().map(c -> scaled(c.picture, width)).toList();
        int height = small.stream().mapToInt(BufferedImage::getHeight).max().orElse(0);
        int columns = Math.min(COLUMNS, cells.size());
        int rows = (cells.size() + columns - 1) / columns;
        BufferedImage out = new BufferedImage(
                GAP + columns * (width + GAP), HEAD + rows * (LINE + height + GAP), BufferedImage.TYPE_INT_RGB);
        Graphics2D g = out.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, out.getWidth(), out.getHeight());
        g.setColor(Color.BLACK);
        g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 18));
        g.drawString(title, GAP, HEAD - GAP);
        g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        for (int i = 0; i < cells.size(); i++) {
            int x = GAP + i % columns * (width + GAP);
            int y = HEAD + i / columns * (LINE + height + GAP);
            g.drawString(cells.get(i).label, x, y + LINE - 7);
            g.drawImage(small.get(i), x, y + LINE, null);
            g.drawRect(x - 1, y + LINE - 1, width + 1, height + 1);
        }
        g.dispose();
        return out;
    }

    /** Each pixel is the mean of the area that it covers, so that thin lines and small text do not vanish. */
    static BufferedImage scaled(BufferedImage from, int width) {
        int height = (int) Math.round((double) from.getHeight() * width / from.getWidth());
        BufferedImage to = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        double fx = (double) from.getWidth() / width;
        double fy = (double) from.getHeight() / height;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                to.setRGB(x, y, mean(from, x * fx, (x + 1) * fx, y * fy, (y + 1) * fy));
            }
        }
        return to;
    }

    private static int mean(BufferedImage from, double x0, double x1, double y0, double y1) {
        double r = 0;
        double g = 0;
        double b = 0;
        double sum = 0;
        for (int y = (int) y0; y < Math.min(y1, from.getHeight()); y++) {
            double high = Math.min(y + 1, y1) - Math.max(y, y0);
            for (int x = (int) x0; x < Math.min(x1, from.getWidth()); x++) {
                double share = high * (Math.min(x + 1, x1) - Math.max(x, x0));
                int rgb = from.getRGB(x, y);
                r += share * (rgb >> 16 & 255);
                g += share * (rgb >> 8 & 255);
                b += share * (rgb & 255);
                sum += share;
            }
        }
        return (int) Math.round(r / sum) << 16 | (int) Math.round(g / sum) << 8 | (int) Math.round(b / sum);
    }

    /** Maps every pixel to the nearest of the most common colours that differ enough. */
    static BufferedImage fewColours(BufferedImage from) {
        int size = 1 << (3 * BINS);
        int[] counts = new int[size];
        long[][] sums = new long[size][3];
        for (int y = 0; y < from.getHeight(); y++) {
            for (int x = 0; x < from.getWidth(); x++) {
                int rgb = from.getRGB(x, y);
                int bin = bin(rgb);
                counts[bin]++;
                sums[bin][0] += rgb >> 16 & 255;
                sums[bin][1] += rgb >> 8 & 255;
                sums[bin][2] += rgb & 255;
            }
        }
        int[] means = new int[size];
        List<Integer> used = new ArrayList<>();
        for (int bin = 0; bin < size; bin++) {
            if (counts[bin] > 0) {
                int n = counts[bin];
                means[bin] = (int) (sums[bin][0] / n) << 16 | (int) (sums[bin][1] / n) << 8 | (int) (sums[bin][2] / n);
                used.add(bin);
            }
        }
        used.sort(Comparator.comparingInt((Integer bin) -> counts[bin]).reversed());
        List<Integer> palette = new ArrayList<>();
        for (int bin : used) {
            if (palette.size() < COLOURS && palette.stream().allMatch(c -> distance(c, means[bin]) >= APART)) {
                palette.add(means[bin]);
            }
        }
        byte[] nearest = new byte[size];
        for (int bin : used) {
            int best = 0;
            for (int i = 1; i < palette.size(); i++) {
                if (distance(palette.get(i), means[bin]) < distance(palette.get(best), means[bin])) {
                    best = i;
                }
            }
            nearest[bin] = (byte) best;
        }
        byte[][] channels = new byte[3][COLOURS];
        for (byte[] channel : channels) {
            Arrays.fill(channel, (byte) 0);
        }
        for (int i = 0; i < palette.size(); i++) {
            channels[0][i] = (byte) (palette.get(i) >> 16);
            channels[1][i] = (byte) (palette.get(i) >> 8);
            channels[2][i] = (byte) (int) palette.get(i);
        }
        BufferedImage to = new BufferedImage(
                from.getWidth(),
                from.getHeight(),
                BufferedImage.TYPE_BYTE_INDEXED,
                new IndexColorModel(8, COLOURS, channels[0], channels[1], channels[2]));
        for (int y = 0; y < from.getHeight(); y++) {
            for (int x = 0; x < from.getWidth(); x++) {
                to.getRaster().setSample(x, y, 0, nearest[bin(from.getRGB(x, y))]);
            }
        }
        return to;
    }

    private static int bin(int rgb) {
        int cut = 8 - BINS;
        return (((rgb >> (16 + cut)) & 31) << (2 * BINS)) | (((rgb >> (8 + cut)) & 31) << BINS) | ((rgb >> cut) & 31);
    }

    private static int distance(int a, int b) {
        return Math.abs((a >> 16 & 255) - (b >> 16 & 255))
                + Math.abs((a >> 8 & 255) - (b >> 8 & 255))
                + Math.abs((a & 255) - (b & 255));
    }
}
