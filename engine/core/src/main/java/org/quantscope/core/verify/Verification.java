package org.quantscope.core.verify;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Task;

/** The result of checking an exported file. */
public sealed interface Verification {
    /** The kind of check, as the command line prints it. Scripts rely on it, so it is never renamed. */
    String by();

    /**
     * ONNX Runtime ran the file, in both ways in which it reads quantized models.
     *
     * @param version of the ONNX Runtime that ran it, such as {@code 1.29.0}
     * @param output the name of the output that is scored and compared
     * @param outputs the names of all that could be
     * @param asWritten every node computed as it stands in the file
     * @param asRun with the default options of a session, where ONNX Runtime replaces groups of nodes by integer kernels:
     *     what a user of the file gets on this machine
     * @param exactSums the same with sums of integers that do not saturate ({@code session.x64quantprecision=1}), which is
     *     what a processor with VNNI computes; only where {@code asRun} is not what the file holds
     */
    record Ran(
            String version, String output, List<String> outputs, Run asWritten, Attempt asRun, Optional<Run> exactSums)
            implements Verification {
        public Ran {
            outputs = List.copyOf(outputs);
        }

        /**
         * True if the file is right and only this processor's sums, which saturate for want of VNNI, stand between it and
         * what was evaluated.
         */
        public boolean saturates() {
            return asRun instanceof Run run
                    && !run.computesWhatItHolds()
                    && exactSums.map(Run::computesWhatItHolds).orElse(false);
        }

        /** What the file is judged by: the run that a user gets, or, where that {@link #saturates}, with exact sums. */
        public Attempt judged() {
            return saturates() ? exactSums.orElseThrow() : asRun;
        }

        /** The run that a user gets; if there is none, the one of the nodes as written. */
        public Run run() {
            return switch (asRun) {
                case Run run -> run;
                case Refused _ -> asWritten;
            };
        }

        @Override
        public String by() {
            return "onnxruntime";
        }
    }

    /** The outcome of running a file in one way. */
    sealed interface Attempt {}

    /**
     * ONNX Runtime does not load the file, or fails on the first samples.
     *
     * @param why its own words, in one line
     */
    record Refused(String why) implements Attempt {}

    /**
     * How far the outputs o of a run are from the outputs e of an evaluation here, with f those of the float model.
     *
     * @param sqnrDb 10·log10(Σe²/Σ(e−o)²) in dB; infinite if equal
     * @param errorShare Σ(e−o)²/Σ(e−f)²: 1 means that the run is as far from the evaluation as that is from float; 0 if
     *     o = e
     * @param wide false if some values between operators have 16 bits, so that what is rounded between two of them
     *     depends on which are joined
     */
    record Gap(double sqnrDb, double errorShare, boolean wide) {
        /** Differences of this size come from the order of sums in float32. */
        private static final double ROUNDING_DB = 90;
        /** The same where values have 11 bits of precision. */
        private static final double ROUNDING_DB_OF_16_BITS = 66;
        /** 0.2 dB in the error of the whole model; single values at a tie between two codes stay below. */
        private static final double LARGEST_SHARE = 0.05;
        /** 0.8 dB. */
        private static final double LARGEST_SHARE_OF_16_BITS = 0.2;

        /** Less is further away; not a number is the furthest. */
        double rank() {
            return Double.isNaN(sqnrDb) ? Double.NEGATIVE_INFINITY : sqnrDb;
        }

        /** True if it comes from the rounding of floating numbers and from single values at a tie. */
        public boolean isSmall() {
            return sqnrDb >= (wide ? ROUNDING_DB : ROUNDING_DB_OF_16_BITS)
                    || errorShare <= (wide ? LARGEST_SHARE : LARGEST_SHARE_OF_16_BITS);
        }
    }

    /**
     * An output that is not scored.
     *
     * @param whole true if it holds whole numbers or booleans; then {@code live} and {@code held} count values that are
     *     not the same instead of adding squares
     * @param differing the share of values that are not those of our own evaluation, from 0 to 1
     * @param live to our own evaluation
     * @param held to our own evaluation of the tensors that the file holds
     */
    record Other(String name, boolean whole, double differing, Gap live, Gap held) {
        /** @param held true for the gap to the evaluation of the tensors that the file holds */
        Gap gap(boolean held) {
            return held ? this.held : live;
        }

        /** How far it is, in words. */
        public String distance(boolean held) {
            return whole
                    ? String.format(Locale.ROOT, "%.1f %% of its values are not those evaluated here", 100 * differing)
                    : String.format(
                            Locale.ROOT, "it has an SQNR of %.1f dB to what was evaluated here", gap(held).sqnrDb);
        }
    }

    /**
     * What a run gave.
     *
     * @param figure its score and the float model's on all samples, scored as in the session
     * @param liveAgreement share of samples with the same class as in our own quantized evaluation; empty if the
     *     outputs are not classes
     * @param maxAbsLogitDiff largest difference of an output from our own evaluation; NaN if an output is NaN
     * @param live to our own evaluation
     * @param held to our own evaluation of the tensors that the file holds; the same as {@code live} if the format
     *     leaves none out
     * @param others the model's other outputs, in its order; without those that hold texts or sequences
     */
    record Run(
            AccuracyEstimate figure,
            OptionalDouble liveAgreement,
            double maxAbsLogitDiff,
            Gap live,
            Gap held,
            List<Other> others)
            implements Attempt {
        public Run {
            others = List.copyOf(others);
        }

        /** In dB, see {@link Gap#sqnrDb}. */
        public double liveSqnrDb() {
            return live.sqnrDb;
        }

        /**
         * True if the run computes what was evaluated in every output, up to the rounding of float32 and to single
         * values at a tie.
         */
        public boolean agrees() {
            return live.isSmall() && others.stream().allMatch(o -> o.live.isSmall());
        }

        /** The same for the evaluation without the tensors that the format leaves out, for which there are problems. */
        public boolean computesWhatItHolds() {
            return held.isSmall() && others.stream().allMatch(o -> o.held.isSmall());
        }

        /**
         * The other outputs that are not what was evaluated, the furthest first.
         *
         * @param held true to compare with the evaluation of the tensors that the file holds
         */
        public List<Other> departing(boolean held) {
            return others.stream()
                    .filter(o -> !o.gap(held).isSmall())
                    .sorted(Comparator.comparingDouble(o -> o.gap(held).rank()))
                    .toList();
        }

        /** What became of the other outputs, as the end of a sentence; empty if there are none. */
        public String besides() {
            List<Other> departing = departing(false);
            return switch (departing.size()) {
                case 0 ->
                    switch (others.size()) {
                        case 0 -> "";
                        case 1 -> "; the other output agrees";
                        default -> "; all " + others.size() + " other outputs agree";
                    };
                case 1 ->
                    "; the output " + departing.getFirst().name + " departs: "
                            + departing.getFirst().distance(false);
                default ->
                    "; " + departing.size() + " other outputs depart, the furthest is " + departing.getFirst().name
                            + ": " + departing.getFirst().distance(false);
            };
        }

        /** The number of samples that were run, at least 1. */
        public int samples() {
            return figure.seen();
        }

        /** Share of samples with the same class as the float model gives; empty if the outputs are not classes. */
        public OptionalDouble floatAgreement() {
            return figure.agreement();
        }

        /** Share of samples with the right class; empty if something else is scored. */
        public OptionalDouble accuracy() {
            return switch (figure.task()) {
                case Task.TopK _, Task.Binary _, Task.Each _, Task.Every _ -> OptionalDouble.of(figure.score());
                default -> OptionalDouble.empty();
            };
        }
    }

    /**
     * The importer of the format read the file, and everything that the format carries is unchanged.
     *
     * @param tensors the number of tensors compared
     */
    record ReRead(int tensors) implements Verification {
        @Override
        public String by() {
            return "re-read";
        }
    }

    /**
     * There is no importer for the format; the files exist and have the form that their extensions promise.
     *
     * @param files the number of files
     */
    record WellFormed(int files) implements Verification {
        @Override
        public String by() {
            return "schema";
        }
    }
}
