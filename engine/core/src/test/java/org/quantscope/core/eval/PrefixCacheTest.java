package org.quantscope.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

class PrefixCacheTest {
    private static QuantizedSession.FrontKey key(String crossing) {
        return new QuantizedSession.FrontKey(List.of(crossing), Map.of(), Map.of(), Map.of());
    }

    /** 40 bytes. */
    private static NativeTensor tensor() {
        return NativeTensor.of(new float[10], Shape.of(10), DType.F32);
    }

    /** Frees it; memory cannot be freed twice. */
    private static void assertHeld(NativeTensor tensor) {
        assertThatCode(tensor::close).doesNotThrowAnyException();
    }

    private static void assertFreed(NativeTensor tensor) {
        assertThatThrownBy(tensor::close)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("closed twice");
    }

    @Test
    void whatWasUsedLongestAgoMakesRoomAndWhatIsInUseDoesNot() {
        PrefixCache cache = new PrefixCache(100, 2);
        NativeTensor old = tensor();
        NativeTensor used = tensor();
        NativeTensor fresh = tensor();
        try (PrefixCache.Use a = cache.use(key("a"))) {
            assertThat(a.offer(0, List.of(old))).isTrue();
        }
        try (PrefixCache.Use b = cache.use(key("b"))) {
            assertThat(b.offer(0, List.of(used))).isTrue();
            try (PrefixCache.Use c = cache.use(key("c"))) {
                assertThat(c.offer(0, List.of(fresh))).isTrue();
                assertFreed(old);
                assertThat(cache.stand().bytes()).isEqualTo(80);
                NativeTensor more = tensor();
                assertThat(c.offer(1, List.of(more))).isFalse();
                assertHeld(more);
            }
            assertThat(b.get(0)).contains(List.of(used));
        }
        cache.close();
        assertFreed(used);
        assertFreed(fresh);
        assertThat(cache.stand().bytes()).isZero();
    }

    /** A hand that moves on before the first batch is through leaves one such key after the other. */
    @Test
    void aKeyUnderWhichNothingIsKeptIsForgottenWithItsLastUse() {
        PrefixCache cache = new PrefixCache(1000, 2);
        PrefixCache.Use one = cache.use(key("a"));
        PrefixCache.Use two = cache.use(key("a"));
        one.close();
        assertThat(cache.keys()).isEqualTo(1);
        assertThat(two.offer(0, List.of(tensor()))).isTrue();
        two.close();
        for (int i = 0; i < 100; i++) {
            cache.use(key("b" + i)).close();
        }

        assertThat(cache.keys()).isEqualTo(1);
        try (PrefixCache.Use again = cache.use(key("a"))) {
            assertThat(again.get(0)).isPresent();
        }
        cache.close();
    }

    @Test
    void closingLeavesWhatIsInUseUntilItsUseEnds() {
        PrefixCache cache = new PrefixCache(100, 1);
        NativeTensor first = tensor();
        NativeTensor other = tensor();
        PrefixCache.Use one = cache.use(key("a"));
        PrefixCache.Use two = cache.use(key("a"));
        assertThat(one.offer(0, List.of(first))).isTrue();
        cache.close();

        assertThat(two.get(0)).contains(List.of(first));
        try (PrefixCache.Use late = cache.use(key("b"))) {
            assertThat(late.offer(0, List.of(other))).isFalse();
        }
        assertHeld(other);
        one.close();
        one.close();
        assertThat(two.get(0)).contains(List.of(first));
        two.close();
        assertFreed(first);
    }
}
