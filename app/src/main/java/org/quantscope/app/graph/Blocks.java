package org.quantscope.app.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The blocks of a graph by the names of its operators: {@code /encoder/layer.0/fc/MatMul} lies in the blocks {@code
 * /encoder}, {@code /encoder/layer.0} and {@code /encoder/layer.0/fc}. Exporters name operators so after the modules of the
 * program that made the model.
 */
final class Blocks {
    private static final char STEP = '/';
    /** A block that holds more than this share of what is around it says nothing; its own blocks do. */
    private static final double MOST_SHARE = 0.5;

    private static final int LEAST = 2;

    private Blocks() {}

    /** The part of a name before its last step, without a leading stroke; empty for an operator in no block. */
    static String scope(String name) {
        String plain = name.startsWith("" + STEP) ? name.substring(1) : name;
        int last = plain.lastIndexOf(STEP);
        return last <= 0 ? "" : plain.substring(0, last);
    }

    /** True if an operator of this name lies in a block. */
    static boolean lies(String name, String block) {
        String scope = scope(name);
        return scope.equals(block) || scope.startsWith(block + STEP);
    }

    /**
     * The blocks that are worth a box of their own: the largest ones, but not one that is most of the graph. Each holds at
     * least two operators.
     */
    static Set<String> of(Collection<String> names) {
        Set<String> blocks = new TreeSet<>();
        descend("", List.copyOf(names), blocks);
        return blocks;
    }

    private static void descend(String block, List<String> names, Set<String> blocks) {
        Map<String, List<String>> inside = new LinkedHashMap<>();
        for (String name : names) {
            next(scope(name), block)
                    .ifPresent(child -> inside.computeIfAbsent(child, c -> new ArrayList<>())
                            .add(name));
        }
        inside.forEach((child, of) -> {
            if (of.size() < LEAST) {
                return;
            }
            Set<String> deeper = new TreeSet<>();
            if (of.size() > MOST_SHARE * names.size()) {
                descend(child, of, deeper);
            }
            if (deeper.isEmpty()) {
                blocks.add(child);
            } else {
                blocks.addAll(deeper);
            }
        });
    }

    /** The block one step below {@code block} that holds a scope; empty if the scope is the block itself or elsewhere. */
    private static Optional<String> next(String scope, String block) {
        String from = block.isEmpty() ? "" : block + STEP;
        if (scope.isEmpty() || scope.equals(block) || !scope.startsWith(from)) {
            return Optional.empty();
        }
        int end = scope.indexOf(STEP, from.length());
        return Optional.of(end < 0 ? scope : scope.substring(0, end));
    }

    /**
     * Which nodes become one.
     *
     * @param group for each node the number of its group, in the order in which the groups are drawn
     * @param blocks for each group the block that it is; empty for a node by itself
     */
    record Folding(int[] group, List<Optional<String>> blocks) {}

    /**
     * Folds blocks. A block stays unfolded if something leaves it and comes back, because its box could then stand neither
     * above nor below what lies between.
     *
     * @param names the names of the nodes
     * @param edges from earlier to later nodes
     * @param folded the blocks to fold; of two of which one holds the other, the outer one counts
     */
    static Folding fold(List<String> names, List<LayeredLayout.Edge> edges, Set<String> folded) {
        int[] leader = new int[names.size()];
        for (int n = 0; n < leader.length; n++) {
            leader[n] = n;
        }
        Map<Integer, String> blocks = new LinkedHashMap<>();
        for (String block : folded) {
            boolean outer = folded.stream().noneMatch(o -> block.startsWith(o + STEP));
            int[] tried = leader.clone();
            int first = -1;
            int members = 0;
            for (int n = 0; outer && n < tried.length; n++) {
                if (lies(names.get(n), block)) {
                    first = first < 0 ? n : first;
                    tried[n] = first;
                    members++;
                }
            }
            if (members >= LEAST && order(tried, edges).isPresent()) {
                leader = tried;
                blocks.put(first, block);
            }
        }
        int[] place = order(leader, edges).orElseThrow();
        int groups = 0;
        int[] group = new int[leader.length];
        for (int n = 0; n < leader.length; n++) {
            group[n] = place[leader[n]];
            groups = Math.max(groups, group[n] + 1);
        }
        List<Optional<String>> named = new ArrayList<>();
        for (int g = 0; g < groups; g++) {
            named.add(Optional.empty());
        }
        int[] at = group;
        blocks.forEach((node, block) -> named.set(at[node], Optional.of(block)));
        return new Folding(group, named);
    }

    /**
     * The place of each leader in an order in which every edge goes on, early nodes first; empty if there is none.
     *
     * @param leader for each node the node that stands for it
     */
    private static Optional<int[]> order(int[] leader, List<LayeredLayout.Edge> edges) {
        int n = leader.length;
        List<List<Integer>> next = new ArrayList<>();
        int[] waits = new int[n];
        for (int i = 0; i < n; i++) {
            next.add(new ArrayList<>());
        }
        for (LayeredLayout.Edge e : edges) {
            int from = leader[e.from()];
            int to = leader[e.to()];
            if (from != to) {
                next.get(from).add(to);
                waits[to]++;
            }
        }
        TreeSet<Integer> ready = new TreeSet<>();
        int leaders = 0;
        for (int i = 0; i < n; i++) {
            if (leader[i] == i) {
                leaders++;
                if (waits[i] == 0) {
                    ready.add(i);
                }
            }
        }
        int[] place = new int[n];
        int placed = 0;
        while (!ready.isEmpty()) {
            int node = ready.removeFirst();
            place[node] = placed++;
            for (int to : next.get(node)) {
                if (--waits[to] == 0) {
                    ready.add(to);
                }
            }
        }
        return placed == leaders ? Optional.of(place) : Optional.empty();
    }
}
