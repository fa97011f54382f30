package org.quantscope.testkit;

/**
 * How broad a run of the tests is. Some tests repeat the same assertions for many models and settings. A usual run takes those that differ in
 * kind; {@code mvn verify -Dquantscope.whole} takes all of them. What is left out is not generated, so no test is skipped.
 */
public final class Breadth {
    private static final boolean WHOLE =
            !System.getProperty("quantscope.whole", "false").equals("false");

    private Breadth() {}

    /**
     * @param few what a usual run takes
     * @param all what the whole run takes
     * @return one of the two
     */
    public static <T> T of(T few, T all) {
        return WHOLE ? all : few;
    }
}
