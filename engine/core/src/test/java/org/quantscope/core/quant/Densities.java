package org.quantscope.core.quant;

/** Dense grids of quantiles: samples without chance, at the probabilities (i + ½)/n. */
public final class Densities {
    private Densities() {}

    /** N(0, 1). */
    public static float[] gauss(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) normalQuantile((i + 0.5) / n);
        }
        return x;
    }

    /** Laplace of mean 0 and scale b. */
    public static float[] laplace(int n, double b) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            double p = (i + 0.5) / n;
            x[i] = (float) (p < 0.5 ? b * Math.log(2 * p) : -b * Math.log(2 * (1 - p)));
        }
        return x;
    }

    /** Φ⁻¹ by Acklam's rational approximation, relative error below 1.2e-9. */
    private static double normalQuantile(double p) {
        if (p > 0.5) {
            return -normalQuantile(1 - p);
        }
        if (p < 0.02425) {
            double q = Math.sqrt(-2 * Math.log(p));
            return (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q
                                                            - 2.549732539343734e+00)
                                                    * q
                                            + 4.374664141464968e+00)
                                    * q
                            + 2.938163982698783e+00)
                    / ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q
                                            + 3.754408661907416e+00)
                                    * q
                            + 1);
        }
        double q = p - 0.5;
        double r = q * q;
        return (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r
                                                        + 1.383577518672690e+02)
                                                * r
                                        - 3.066479806614716e+01)
                                * r
                        + 2.506628277459239e+00)
                * q
                / (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r
                                                        + 6.680131188771972e+01)
                                                * r
                                        - 1.328068155288572e+01)
                                * r
                        + 1);
    }
}
