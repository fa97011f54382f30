package org.quantscope.core.eval;

/** Strings of a CTC output, and how far they are from the labelled ones. */
final class BestPath {
    private BestPath() {}

    /**
     * Joins repeated classes and drops the blank, in place; what is left over at the end becomes −1.
     *
     * @return the length of the string
     */
    static int decode(int[] classes, int blank) {
        int n = 0;
        int last = blank;
        for (int t = 0; t < classes.length; t++) {
            int c = classes[t];
            if (c != blank && c != last) {
                classes[n++] = c;
            }
            last = c;
        }
        for (int t = n; t < classes.length; t++) {
            classes[t] = -1;
        }
        return n;
    }

    /** The least number of insertions, deletions and substitutions that turn one string into the other. */
    static int edits(int[] a, int lengthA, int[] b, int lengthB) {
        int[] row = new int[lengthB + 1];
        for (int j = 0; j <= lengthB; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= lengthA; i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= lengthB; j++) {
                int above = row[j];
                row[j] = Math.min(Math.min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[lengthB];
    }
}
