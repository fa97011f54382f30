package org.quantscope.core.corruption;

import java.util.Optional;

/**
 * One way in which samples get worse. It works on what the model is about to see, after colour and size and before scale,
 * mean and std, as the published benchmarks do: a severity then means the same for every model that sees this size.
 * The values of a picture lie from 0 (black) to 1 (white); those of a vector are counted in standard deviations from the
 * mean of their feature. Stateless.
 */
public interface Corruption {
    /** Persisted in sessions. */
    String id();

    String title();

    /** What it does, in a sentence. */
    String doc();

    /** What an amount counts, with its unit. */
    String unit(Subject subject);

    /** Where the formula and the amounts come from. */
    String source();

    /** The amounts for such samples; empty if it makes no sense for them. */
    Optional<Amounts> amounts(Subject subject);

    /** For people: an amount with its unit. */
    default String said(Subject subject, double amount) {
        return unit(subject) + " " + Corrupted.number(amount * 100) + " %";
    }

    /** Which {@link Draws} are its own. */
    default int stream() {
        return 1;
    }

    /** False if pictures with so many channels cannot be corrupted. */
    default boolean takesChannels(int channels) {
        return true;
    }

    /**
     * Corrupts a picture in place. What leaves 0 to 1 is clamped by the caller.
     *
     * @param draws what is by chance about this sample
     */
    void corrupt(PictureValues picture, double amount, Draws draws);

    /**
     * Corrupts a vector in place.
     *
     * @param features in standard deviations from the mean of each
     */
    default void corrupt(double[] features, double amount, Draws draws) {
        throw new IllegalStateException(id() + ": vectors have no amounts");
    }
}
