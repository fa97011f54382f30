package org.quantscope.core.job;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A cache of computed values. When it holds too much, the least recently used values are dropped. The newest value
 * always stays, whatever its weight, unless the bound is 0, which keeps nothing. Thread safe; keys and values are not
 * null.
 */
public final class LruCache<K, V> {
    private final long most;
    private final ToLongFunction<? super V> weight;
    private final LinkedHashMap<K, V> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long total;

    private LruCache(long most, ToLongFunction<? super V> weight) {
        if (most < 0) {
            throw new IllegalArgumentException("most: at least 0 is needed, got " + most);
        }
        this.most = most;
        this.weight = weight;
    }

    /** A cache of at most {@code most} values, 0 or more. */
    public static <K, V> LruCache<K, V> ofEntries(int most) {
        return new LruCache<>(most, value -> 1);
    }

    /**
     * A cache of values whose weights add up to at most {@code most}, 0 or more.
     *
     * @param weight of one value, 0 or more, always the same for the same value
     */
    public static <K, V> LruCache<K, V> ofWeight(long most, ToLongFunction<? super V> weight) {
        return new LruCache<>(most, weight);
    }

    /** The value of a key, which counts as used now; null if there is none. */
    public synchronized @Nullable V get(K key) {
        return kept.get(key);
    }

    /** Sets the value of a key, which counts as used now. */
    public Optional<V> find(K key) {
        return Optional.ofNullable(get(key));
    }

    /** The value of a key; it is made now if there is none, while other callers wait. */
    public synchronized V computeIfAbsent(K key, Function<? super K, ? extends V> make) {
        V known = kept.get(key);
        if (known != null) {
            return known;
        }
        V made = make.apply(key);
        put(key, made);
        return made;
    }

    public synchronized void put(K key, V value) {
        V before = kept.put(key, value);
        total += weight.applyAsLong(value) - (before == null ? 0 : weight.applyAsLong(before));
        var oldest = kept.values().iterator();
        while (total > most && kept.size() > (most == 0 ? 0 : 1)) {
            total -= weight.applyAsLong(oldest.next());
            oldest.remove();
        }
    }

    /** All values, the least recently used first. */
    public synchronized Map<K, V> copy() {
        return new LinkedHashMap<>(kept);
    }

    public synchronized int size() {
        return kept.size();
    }

    public synchronized void clear() {
        kept.clear();
        total = 0;
    }
}
