package org.quantscope.app.tensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NamePrefixTest {
    @Test
    void whatMostNamesShareIsLeftOutAndTheRestTellsThemApart() {
        List<String> names = new ArrayList<>(List.of("lm_head", "model.embed_tokens", "model.norm"));
        for (int i = 0; i < 24; i++) {
            names.add("model.layers." + i + ".mlp.down_proj");
            names.add("model.layers." + i + ".self_attn.q_proj");
        }
        NamePrefix prefix = NamePrefix.of(names);
        assertThat(prefix.elide("model.layers.17.mlp.down_proj")).isEqualTo("…17.mlp.down_proj");
        assertThat(prefix.elide("lm_head")).isEqualTo("lm_head");
        assertThat(prefix.elide("model.norm")).isEqualTo("model.norm");
        assertThat(names.stream().map(prefix::elide)).doesNotHaveDuplicates();
    }

    @Test
    void fewOrShortOrDifferentNamesStayAsTheyAre() {
        assertThat(NamePrefix.of(List.of("encoder.a", "encoder.b"))).isEqualTo(NamePrefix.NONE);
        assertThat(NamePrefix.of(List.of("f.1", "f.2", "f.3", "f.4"))).isEqualTo(NamePrefix.NONE);
        assertThat(NamePrefix.of(List.of("conv1.a", "conv2.b", "conv3.c"))).isEqualTo(NamePrefix.NONE);
        assertThat(NamePrefix.NONE.elide("a")).isEqualTo("a");
    }

    @Test
    void theLastPartStaysAlsoIfAllNamesAreTheSame() {
        NamePrefix prefix = NamePrefix.of(List.of("block/conv/w", "block/conv/w", "block/conv/w"));
        assertThat(prefix.elide("block/conv/w")).isEqualTo("…w");
    }
}
