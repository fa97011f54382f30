package org.quantscope.spark;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What the launcher was told. */
record SparkOptions(String master, Path output, Path plan, boolean json) {
    private static final String USAGE = "usage: quantscope-spark --master URL -o DIR PLAN.json [--json]";

    /** @throws IllegalArgumentException if it is not the usage, with the usage */
    static SparkOptions parse(String... args) {
        @Nullable String master = null;
        @Nullable String output = null;
        @Nullable String plan = null;
        boolean json = false;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--json" -> json = true;
                case "--master", "-o" -> {
                    if (i + 1 == args.length) {
                        throw new IllegalArgumentException(args[i] + " needs a value; " + USAGE);
                    }
                    if (args[i].equals("-o")) {
                        output = args[++i];
                    } else {
                        master = args[++i];
                    }
                }
                default -> {
                    if (args[i].startsWith("-") || plan != null) {
                        throw new IllegalArgumentException(args[i] + " is not known here; " + USAGE);
                    }
                    plan = args[i];
                }
            }
        }
        if (master == null || output == null || plan == null) {
            throw new IllegalArgumentException(USAGE);
        }
        return new SparkOptions(master, Path.of(output), Path.of(plan), json);
    }
}
