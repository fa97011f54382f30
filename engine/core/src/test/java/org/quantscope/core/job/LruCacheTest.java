package org.quantscope.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class LruCacheTest {
    @Test
    void dropsWhatWasUsedLongestAgo() {
        LruCache<String, Integer> cache = LruCache.ofEntries(2);
        cache.put("a", 1);
        cache.put("b", 2);
        cache.get("a");
        cache.put("c", 3);
        assertThat(cache.copy()).containsExactly(Map.entry("a", 1), Map.entry("c", 3));
    }

    @Test
    void countsWeightAndTakesBackThatOfWhatIsReplaced() {
        LruCache<String, String> cache = LruCache.ofWeight(5, String::length);
        cache.put("a", "xxx");
        cache.put("a", "x");
        cache.put("b", "xxxx");
        assertThat(cache.size()).isEqualTo(2);
        cache.put("c", "x");
        assertThat(cache.copy()).containsOnlyKeys("b", "c");
    }

    @Test
    void keepsTheNewestWhateverItsWeight() {
        LruCache<String, String> cache = LruCache.ofWeight(2, String::length);
        cache.put("a", "x");
        cache.put("b", "too heavy");
        assertThat(cache.copy()).containsOnlyKeys("b");
        cache.clear();
        assertThat(cache.find("b")).isEmpty();
        cache.put("c", "xx");
        assertThat(cache.size()).isEqualTo(1);
    }

    @Test
    void keepsNothingWithABoundOfNothing() {
        LruCache<String, String> cache = LruCache.ofWeight(0, String::length);
        cache.put("a", "x");
        assertThat(cache.size()).isZero();
    }

    @Test
    void makesAValueOnce() {
        LruCache<String, Object> cache = LruCache.ofEntries(2);
        Object made = cache.computeIfAbsent("a", key -> new Object());
        assertThat(cache.computeIfAbsent("a", key -> new Object())).isSameAs(made);
    }
}
