package org.quantscope.core.adaptive;

/** Where the range of an activation comes from when a sample is run. */
public enum RangeMode {
    /** From the calibration data, once and for all. */
    FIXED("fixed", "Fixed", "chosen on calibration data, the same for every sample"),
    /** From all values of a batch together. */
    BATCH("batch", "Per batch", "the smallest and the largest value of all samples in the batch"),
    /** From the values of the sample itself, as DynamicQuantizeLinear. */
    SAMPLE("sample", "Per sample", "the smallest and the largest value of the sample itself (DynamicQuantizeLinear)"),
    /** From the samples before. */
    WINDOW("window", "Window", "a percentile of the smallest and largest values of the samples just before"),
    /** One of a few ranges that calibration data has shown. */
    CLUSTERS("clusters", "Clusters", "one of a few ranges from calibration data, the one whose centre is nearest");

    private final String id;
    private final String title;
    private final String doc;

    RangeMode(String id, String title, String doc) {
        this.id = id;
        this.title = title;
        this.doc = doc;
    }

    /** Persisted; never renamed. */
    public String id() {
        return id;
    }

    public String title() {
        return title;
    }

    /** What the range is, a clause for people. */
    public String doc() {
        return doc;
    }
}
