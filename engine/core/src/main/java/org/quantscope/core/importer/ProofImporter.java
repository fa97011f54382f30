package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.quantscope.core.export.CodeArchive;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OwnGrid;
import org.quantscope.core.proof.FloatTwin;
import org.quantscope.core.proof.Proof;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.safetensors.SafetensorsFile;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * Takes over what {@link Proof} finds in a file of weights: GGUF, and safetensors packed by GPTQ, AWQ, bitsandbytes or
 * compressed-tensors.
 *
 * <p>A grid of evenly spaced levels with one at 0 is taken with its scales, exactly (Q4_0, Q5_0, Q8_0, Q3_K, Q6_K). Of others
 * the rule is taken: bits, scheme and granularity, with ranges found anew from the float values; the notes count both. What
 * has no such rule here is listed with the reason.
 */
final class ProofImporter implements Importer {
    /** The most scales of a tensor that are kept one by one. */
    private static final long MOST_SCALES = 1 << 20;

    private final String id;
    private final String title;
    private final String source;
    private final String loader;

    private ProofImporter(String id, String title, String source, String loader) {
        this.id = id;
        this.title = title;
        this.source = source;
        this.loader = loader;
    }

    static ProofImporter gguf() {
        return new ProofImporter(
                "gguf", "Quantized GGUF model", "https://github.com/ggml-org/ggml/blob/master/docs/gguf.md", "gguf");
    }

    static ProofImporter packed() {
        return new ProofImporter(
                "packed-safetensors",
                "Weights packed by GPTQ, AWQ, bitsandbytes or compressed-tensors",
                "https://github.com/vllm-project/compressed-tensors",
                "safetensors");
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        if (!ModelLoaders.loaderOf(file).id().equals(loader)) {
            throw new BadInputException(file, "format", "is no " + loader + " file");
        }
        if (loader.equals("safetensors") && isOwn(file)) {
            throw new BadInputException(file, "format", "is an archive of Quantscope: its format is safetensors");
        }
        List<Proof.Entry> coded = Proof.of(file, cancel).weights().stream()
                .filter(Proof.Entry::quantized)
                .toList();
        if (coded.isEmpty()) {
            throw new BadInputException(file, "format", "holds no quantized weights: there is nothing to take over");
        }
        return new Run(ModelLoaders.open(file), model).of(coded, cancel);
    }

    static boolean isOwn(Path file) {
        try {
            return CodeArchive.FORMAT.equals(
                    SafetensorsFile.read(file, false).metadata().get("format"));
        } catch (IOException | BadInputException e) {
            // The index of several files, say.
            return false;
        }
    }

    /** One file for one model. */
    private static final class Run {
        private final Model there;
        private final Model model;
        private final Names names;
        private final Map<TensorId, QuantSpec> specs = new HashMap<>();
        private final List<Imported.Unmatched> unmatched = new ArrayList<>();
        private final List<String> notes = new ArrayList<>();
        private int exact;

        Run(Model there, Model model) {
            this.there = there;
            this.model = model;
            this.names = new Names(model);
        }

        Imported of(List<Proof.Entry> coded, CancelToken cancel) {
            List<String> decoded = coded.stream()
                    .map(Proof.Entry::name)
                    .filter(n -> there.find(new TensorId(n))
                            .filter(t -> t.data().isRead() && t.data().format().isPresent())
                            .isPresent())
                    .toList();
            FloatTwin twin = FloatTwin.of(there, decoded, model, cancel);
            for (Proof.Entry e : coded) {
                cancel.check();
                FloatTwin.Match match = twin.matches().get(e.name());
                if (match != null) {
                    take(e, model.find(match.original()).orElseThrow(), Optional.of(match));
                } else if (twin.unmatched().containsKey(e.name())
                        && NameMap.mapped(e.name()).equals(e.name())) {
                    unmatched.add(
                            new Imported.Unmatched(e.name(), twin.unmatched().get(e.name()), List.of()));
                } else {
                    names.find(e.name())
                            .flatMap(info -> model.find(info.id()))
                            .ifPresent(t -> take(e, t, Optional.empty()));
                }
            }
            int ruled = specs.size() - exact;
            if (exact > 0) {
                notes.add(exact + (exact == 1 ? " weight takes" : " weights take") + " the scales of the file");
            }
            if (ruled > 0) {
                notes.add(ruled + (ruled == 1 ? " weight takes" : " weights take")
                        + " bits, rule and granularity of the file; ranges are found anew from the float values");
            }
            unmatched.addAll(names.unmatched());
            return new Imported(specs, unmatched, notes);
        }

        private void take(Proof.Entry e, Tensor original, Optional<FloatTwin.Match> match) {
            if (original.data().count() != e.values()) {
                refuse(
                        e,
                        "it has " + e.values() + " values, " + original.id() + " has "
                                + original.data().count());
                return;
            }
            if (specs.containsKey(original.id())) {
                refuse(e, original.id() + " has a setting of this file already");
                return;
            }
            Optional<QuantParams> params = match.flatMap(m -> exact(e).flatMap(
                            p -> FloatTwin.turned(p, m, original.info()))
                    .filter(p -> Slicing.of(original.info(), p.granularity()).slices() == p.slices()));
            if (params.isPresent()) {
                exact++;
                specs.put(original.id(), new OwnGrid(params.get(), Optional.empty()).spec(false));
            } else {
                ruled(e, original, match);
            }
            match.filter(m -> !m.byName())
                    .ifPresent(m -> notes.add(e.name() + " is taken for " + original.id() + ": their values agree to "
                            + m.sqnr().stream()
                                    .mapToObj(db -> String.format(Locale.ROOT, "%.1f dB", db))
                                    .collect(Collectors.joining())));
        }

        private void refuse(Proof.Entry e, String why) {
            unmatched.add(new Imported.Unmatched(e.name(), why, List.of()));
        }

        /** The rule of an entry, with ranges that are found anew. */
        private void ruled(Proof.Entry e, Tensor original, Optional<FloatTwin.Match> match) {
            try {
                Granularity granularity = granularity(e, original, match);
                QuantSpec base = QuantSpec.WEIGHTS.withBits(e.bits()).withGranularity(granularity);
                QuantSpec spec = switch (e.scheme()) {
                    case "symmetric" -> e.bits() == 1 ? scheme("binary", base) : base;
                    case "affine" -> base.withSymmetric(false);
                    case "codebook" ->
                        e.why().startsWith("IQ4")
                                ? scheme("iq4_nl", base)
                                : refused("its codebook has no counterpart here");
                    // The element types of microscaling, by what their scales are.
                    case "fp4_e2m1" ->
                        scheme(
                                e.scaleType().equals("power of two")
                                        ? "mxfp4"
                                        : e.scaleType().startsWith("fp8") ? "nvfp4" : e.scheme(),
                                base);
                    default -> scheme(e.scheme(), base);
                };
                Quantizers.byId(spec.scheme()).check(spec);
                specs.put(original.id(), spec);
            } catch (IllegalArgumentException wrong) {
                refuse(e, String.valueOf(wrong.getMessage()));
            }
        }

        private static QuantSpec scheme(String id, QuantSpec base) {
            Quantizer quantizer = Quantizers.byId(id);
            return quantizer.adapt(base);
        }

        private static QuantSpec refused(String why) {
            throw new IllegalArgumentException(why);
        }

        /** The granularity of the file along the axes of the float weight. */
        private static Granularity granularity(Proof.Entry e, Tensor original, Optional<FloatTwin.Match> match) {
            Granularity said = Granularity.parse(e.granularity());
            int rank = original.info().shape().rank();
            return switch (said) {
                case Granularity.PerTensor t -> t;
                case Granularity.PerChannel c ->
                    new Granularity.PerChannel(axis(Math.max(0, c.axis()), original, match));
                case Granularity.PerBlock b -> {
                    // Of GGUF: along the last axis.
                    int last = match.map(m -> m.axes().length).orElse(rank) - 1;
                    yield new Granularity.PerBlock(axis(b.axis() < 0 ? last : b.axis(), original, match), b.size());
                }
            };
        }

        private static int axis(int there, Tensor original, Optional<FloatTwin.Match> match) {
            int here = match.map(m -> m.axes()[there]).orElse(there);
            if (here < 0 || here >= original.info().shape().rank()) {
                throw new IllegalArgumentException("its scales lie along an axis that " + original.id() + " has not");
            }
            return here;
        }

        /** The grids of the file's groups, if their levels are evenly spaced and one of them is 0. */
        private Optional<QuantParams> exact(Proof.Entry e) {
            Tensor stored = there.find(new TensorId(e.name())).orElseThrow();
            TensorData data = stored.data();
            int group = data.format().orElseThrow().group();
            long groups = data.count() / group;
            if (groups > MOST_SCALES || data.count() % group != 0) {
                return Optional.empty();
            }
            float[] scales = new float[(int) groups];
            int[] zeroPoints = new int[(int) groups];
            int codes = 0;
            for (int g = 0; g < groups; g++) {
                float[] levels = data.levels((long) g * group).orElseThrow();
                if (levels.length == 1 && levels[0] == 0) {
                    // All of its values are 0.
                    scales[g] = Float.MIN_NORMAL;
                    continue;
                }
                int zero = zero(levels);
                if (zero < 0 || zero + 1 >= levels.length || (codes > 0 && codes != levels.length)) {
                    return Optional.empty();
                }
                codes = levels.length;
                scales[g] = levels[zero + 1];
                zeroPoints[g] = zero - codes / 2;
                for (int i = 0; i < codes; i++) {
                    if (levels[i] != (i - zero) * scales[g]) {
                        return Optional.empty();
                    }
                }
            }
            if (codes < 2) {
                return Optional.empty();
            }
            int axis = stored.info().shape().rank() - 1;
            return Optional.of(new QuantParams(
                    new Granularity.PerBlock(axis, group), scales, zeroPoints, -(codes / 2), codes - 1 - codes / 2));
        }

        private static int zero(float[] levels) {
            for (int i = 0; i < levels.length; i++) {
                if (levels[i] == 0) {
                    return i;
                }
            }
            return -1;
        }
    }
}
