package org.quantscope.app.selected;

import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rounding.Roundings;

/** In what several tensors that are edited together differ, and with which values. */
final class MixedSettings {
    /** What the form has one field for. */
    enum Setting {
        SCHEME("scheme", spec -> spec.quantizer().title()),
        BITS("bits", spec -> Integer.toString(spec.bits())),
        ZERO("zero", spec -> spec.symmetric() ? "symmetric" : "asymmetric"),
        SIGNED("signed", spec -> spec.signed() ? "signed" : "unsigned"),
        RESTRICTED("restricted", spec -> spec.restrictedRange() ? "restricted" : "full range"),
        GRANULARITY("scale per", spec -> cut(spec.granularity())),
        RANGE("range from", MixedSettings::range),
        ROUNDING("rounding", spec -> Roundings.byId(spec.rounding()).title());

        private final String title;
        private final Function<QuantSpec, String> value;

        Setting(String title, Function<QuantSpec, String> value) {
            this.title = title;
            this.value = value;
        }

        /** The field as the form calls it. */
        String title() {
            return title;
        }
    }

    /** More values are counted, not listed. */
    private static final int MOST_LISTED = 4;

    private MixedSettings() {}

    /** For each setting in which the specs differ, its values in the order in which they come. */
    static Map<Setting, String> of(List<QuantSpec> specs) {
        Map<Setting, String> mixed = new EnumMap<>(Setting.class);
        for (Setting setting : Setting.values()) {
            Set<String> values = specs.stream().map(setting.value).collect(Collectors.toCollection(LinkedHashSet::new));
            if (values.size() > 1) {
                mixed.put(setting, values.size() > MOST_LISTED ? values.size() + " values" : String.join(", ", values));
            }
        }
        return mixed;
    }

    /** A sentence that names what differs; empty if nothing does. */
    static String said(Map<Setting, String> mixed) {
        return mixed.isEmpty()
                ? ""
                : "They differ in "
                        + mixed.entrySet().stream()
                                .map(e -> e.getKey().title + " (" + e.getValue() + ")")
                                .collect(Collectors.joining(", "))
                        + ". A change is for all of them.";
    }

    private static String cut(Granularity granularity) {
        return switch (granularity) {
            case Granularity.PerTensor _ -> "tensor";
            case Granularity.PerChannel _ -> "channel";
            case Granularity.PerBlock b -> "block of " + b.size();
        };
    }

    private static String range(QuantSpec spec) {
        return switch (spec.clip()) {
            case Clip.Auto auto ->
                Calibrators.all().stream()
                        .filter(c -> c.id().equals(auto.calibratorId()))
                        .findFirst()
                        .map(c -> c.title())
                        .orElse(auto.calibratorId());
            case Clip.Manual _, Clip.ManualPerChannel _, Clip.ManualPerBlock _ -> "by hand";
            case Clip.Fixed _ -> "the file";
            case Clip.Dynamic d -> d.eachSample() ? "each sample" : "each batch";
        };
    }
}
