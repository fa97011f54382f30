package org.quantscope.linalg;

import java.util.Arrays;
import java.util.Random;

/**
 * Hadamard matrices: entries 1 and −1, rows orthogonal to each other. Divided by the root of their size they rotate,
 * and spread a single large entry evenly over all.
 *
 * <p>Sizes are 1, 2, those of Paley's constructions, and products of these: q + 1 for a prime q ≡ 3 (mod 4), and
 * 2·(q + 1) for a prime q ≡ 1 (mod 4) (Paley 1933, On orthogonal matrices, Journal of Mathematics and Physics 12,
 * 311–320), doubled any number of times (Sylvester 1867). No size but 1, 2 and multiples of 4 has one; of those up to
 * 100 only 52, 92 and 100 are not reached here.
 */
final class Hadamard {
    private Hadamard() {}

    /** The sizes of the blocks along the diagonal for n dimensions: one block, or the largest equal ones that there are. */
    static int block(int n) {
        for (int count = 1; count < n; count++) {
            if (n % count == 0 && exists(n / count)) {
                return n / count;
            }
        }
        return 1;
    }

    /** True if the constructions give a matrix of this size. */
    static boolean exists(int n) {
        return n == 1 || n == 2 || isPaley(n) || isDoubledPaley(n) || (n % 2 == 0 && exists(n / 2));
    }

    private static boolean isPaley(int n) {
        return n % 4 == 0 && isPrime(n - 1);
    }

    private static boolean isDoubledPaley(int n) {
        return n % 4 == 0 && (n / 2 - 1) % 4 == 1 && isPrime(n / 2 - 1);
    }

    private static boolean isPrime(int n) {
        for (int d = 2; (long) d * d <= n; d++) {
            if (n % d == 0) {
                return false;
            }
        }
        return n > 1;
    }

    /**
     * A matrix of 1 and −1: [n, n], row-major.
     *
     * @throws IllegalArgumentException if the constructions give none of this size
     */
    static byte[] of(int n) {
        if (n == 1) {
            return new byte[] {1};
        }
        if (n % 2 == 0 && exists(n / 2)) {
            return doubled(of(n / 2), n / 2);
        }
        if (isPaley(n)) {
            return paley(n);
        }
        if (isDoubledPaley(n)) {
            return doubledPaley(n);
        }
        throw new IllegalArgumentException("size: there is no construction for " + n);
    }

    /** [[H, H], [H, −H]] */
    private static byte[] doubled(byte[] h, int half) {
        int n = 2 * half;
        byte[] out = new byte[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                byte v = h[i % half * half + j % half];
                out[i * n + j] = i >= half && j >= half ? (byte) -v : v;
            }
        }
        return out;
    }

    /** For each residue modulo a prime 0 for 0, 1 for a square, else −1. */
    private static int[] characters(int q) {
        int[] chi = new int[q];
        Arrays.fill(chi, 1, q, -1);
        for (long x = 1; x < q; x++) {
            chi[(int) (x * x % q)] = 1;
        }
        return chi;
    }

    /** I + [[0, 1], [−1, Q]] with Q(i, j) = χ(i − j), for q ≡ 3 (mod 4): Q is skew. */
    private static byte[] paley(int n) {
        int q = n - 1;
        int[] chi = characters(q);
        byte[] out = new byte[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                int v = i == 0 ? 1 : j == 0 ? -1 : chi[Math.floorMod(i - j, q)];
                out[i * n + j] = (byte) (i == j ? 1 : v);
            }
        }
        return out;
    }

    /** C ⊗ [[1, 1], [1, −1]] + I ⊗ [[1, −1], [−1, −1]] with C = [[0, 1], [1, Q]], for q ≡ 1 (mod 4): Q is symmetric. */
    private static byte[] doubledPaley(int n) {
        int half = n / 2;
        int q = half - 1;
        int[] chi = characters(q);
        byte[] out = new byte[n * n];
        for (int i = 0; i < half; i++) {
            for (int j = 0; j < half; j++) {
                int c = i == j ? 0 : i == 0 || j == 0 ? 1 : chi[Math.floorMod(i - j, q)];
                for (int a = 0; a < 2; a++) {
                    for (int b = 0; b < 2; b++) {
                        int of = a + b == 2 ? -1 : 1;
                        int diagonal = a + b == 0 ? 1 : -1;
                        out[(2 * i + a) * n + 2 * j + b] = (byte) (i == j ? diagonal : c * of);
                    }
                }
            }
        }
        return out;
    }

    /**
     * A random rotation of n dimensions: a diagonal of random signs, then Hadamard matrices along the diagonal, over the
     * root of their size (Ashkboos et al. 2024, QuaRot, arXiv 2404.00456, section 3). [n, n], row-major.
     */
    static double[] rotation(int n, long seed) {
        int block = block(n);
        byte[] h = of(block);
        double root = Math.sqrt(block);
        double[] out = new double[n * n];
        Random random = new Random(seed);
        for (int i = 0; i < n; i++) {
            double sign = (random.nextBoolean() ? 1 : -1) / root;
            int first = i / block * block;
            for (int j = 0; j < block; j++) {
                out[i * n + first + j] = sign * h[i % block * block + j];
            }
        }
        return out;
    }
}
