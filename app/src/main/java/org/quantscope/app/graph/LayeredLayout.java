package org.quantscope.app.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.quantscope.core.job.CancelToken;

/**
 * Places the nodes of an acyclic graph in layers from top to bottom, so that every edge points down.
 *
 * <p>It has the four steps of K. Sugiyama, S. Tagawa, M. Toda, IEEE Transactions on Systems, Man, and Cybernetics 11
 * (1981) 109–125. A node's layer is the length of the longest path to it. An edge that crosses layers gets a bend in
 * each. The order within a layer is that of the mean position of the neighbours, in sweeps down and up. Finally each
 * layer gets the positions with the least squared distance to the mean of the neighbours, with the distances between
 * nodes kept, by pooling adjacent violators. The same graph always gets the same drawing.
 */
final class LayeredLayout {
    private static final int ORDER_SWEEPS = 8;
    private static final int PLACE_SWEEPS = 10;
    private static final double GAP_X = 18;
    private static final double GAP_Y = 16;
    private static final double BEND_WIDTH = 6;

    /**
     * Edges that cross more layers than this are drawn straight, because bends in each layer would take most of the
     * time.
     */
    private static final int MOST_BENDS = 120;

    /** Size of a node, in the unit of the drawing. */
    record Size(double width, double height) {}

    /** An edge between two nodes, by their indices, {@code from < to}. */
    record Edge(int from, int to) {}

    record Point(double x, double y) {}

    /**
     * The finished layout; its upper left corner is at (0, 0).
     *
     * @param middles the centre of each node
     * @param bends the bends of each edge, from top to bottom
     */
    record Drawing(List<Point> middles, List<List<Point>> bends, double width, double height) {}

    private final List<Size> sizes;
    private final int nodes;
    private final int[] layer;
    /** The layer of each node, then of each bend. */
    private final List<Integer> layers = new ArrayList<>();

    private final List<List<Integer>> up = new ArrayList<>();
    private final List<List<Integer>> down = new ArrayList<>();
    private final List<int[]> chains = new ArrayList<>();

    private LayeredLayout(List<Size> sizes, List<Edge> edges) {
        this.sizes = sizes;
        this.nodes = sizes.size();
        this.layer = new int[nodes];
        edges.stream().sorted(Comparator.comparingInt(Edge::from)).forEach(e -> {
            if (e.from < 0 || e.from >= e.to || e.to >= nodes) {
                throw new IllegalArgumentException(
                        "edges: " + e + " does not go on in the order of " + nodes + " nodes");
            }
            layer[e.to] = Math.max(layer[e.to], layer[e.from] + 1);
        });
        for (int n = 0; n < nodes; n++) {
            add(layer[n]);
        }
        for (Edge e : edges) {
            int span = layer[e.to] - layer[e.from];
            int[] chain = new int[span > MOST_BENDS ? 0 : span - 1];
            int above = e.from;
            for (int i = 0; i < chain.length; i++) {
                chain[i] = add(layer[e.from] + 1 + i);
                join(above, chain[i]);
                above = chain[i];
            }
            if (span <= MOST_BENDS) {
                join(above, e.to);
            }
            chains.add(chain);
        }
    }

    private int add(int at) {
        layers.add(at);
        up.add(new ArrayList<>());
        down.add(new ArrayList<>());
        return layers.size() - 1;
    }

    private void join(int above, int below) {
        down.get(above).add(below);
        up.get(below).add(above);
    }

    /**
     * Places the nodes.
     *
     * @param edges each from a node to a later one
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    static Drawing of(List<Size> sizes, List<Edge> edges, CancelToken cancel) {
        return sizes.isEmpty() ? new Drawing(List.of(), List.of(), 0, 0) : new LayeredLayout(sizes, edges).draw(cancel);
    }

    private double width(int v) {
        return v < nodes ? sizes.get(v).width : BEND_WIDTH;
    }

    private Drawing draw(CancelToken cancel) {
        List<List<Integer>> rows = new ArrayList<>();
        for (int v = 0; v < layers.size(); v++) {
            while (rows.size() <= layers.get(v)) {
                rows.add(new ArrayList<>());
            }
            rows.get(layers.get(v)).add(v);
        }
        double[] place = new double[layers.size()];
        rows.forEach(row -> number(row, place));
        for (int sweep = 0; sweep < ORDER_SWEEPS; sweep++) {
            cancel.check();
            boolean downwards = sweep % 2 == 0;
            for (int i = 0; i < rows.size(); i++) {
                List<Integer> row = rows.get(downwards ? i : rows.size() - 1 - i);
                List<List<Integer>> beside = downwards ? up : down;
                double[] wish = new double[layers.size()];
                row.forEach(v -> wish[v] = mean(beside.get(v), place, place[v]));
                row.sort(Comparator.comparingDouble(v -> wish[v]));
                number(row, place);
            }
        }
        double[] x = new double[layers.size()];
        for (List<Integer> row : rows) {
            double at = 0;
            for (int v : row) {
                x[v] = at + width(v) / 2;
                at += width(v) + GAP_X;
            }
        }
        for (int sweep = 0; sweep < PLACE_SWEEPS; sweep++) {
            cancel.check();
            boolean downwards = sweep % 2 == 0;
            for (int i = 0; i < rows.size(); i++) {
                place(rows.get(downwards ? i : rows.size() - 1 - i), downwards ? up : down, x);
            }
        }
        return drawing(rows, x);
    }

    private static void number(List<Integer> row, double[] place) {
        for (int i = 0; i < row.size(); i++) {
            place[row.get(i)] = i - (row.size() - 1) / 2.0;
        }
    }

    private static double mean(List<Integer> of, double[] values, double otherwise) {
        return of.stream().mapToDouble(v -> values[v]).average().orElse(otherwise);
    }

    /**
     * Finds the positions of one layer with the least squared distance to the mean of their neighbours, in the given
     * order and with the least distances kept. Nodes that would otherwise overlap are pooled and placed together.
     */
    private void place(List<Integer> row, List<List<Integer>> beside, double[] x) {
        int n = row.size();
        double[] offset = new double[n];
        double[] value = new double[n];
        double[] weight = new double[n];
        int[] end = new int[n];
        int pools = 0;
        for (int i = 0; i < n; i++) {
            int v = row.get(i);
            offset[i] = i == 0 ? 0 : offset[i - 1] + (width(row.get(i - 1)) + width(v)) / 2 + GAP_X;
            value[pools] = mean(beside.get(v), x, x[v]) - offset[i];
            // Bends have a high weight, so that edges become straight; a node without neighbours in the other layer has
            // a low one.
            weight[pools] = beside.get(v).isEmpty() ? 0.1 : v >= nodes ? 2 : 1;
            end[pools] = i + 1;
            pools++;
            while (pools > 1 && value[pools - 2] > value[pools - 1]) {
                double both = weight[pools - 2] + weight[pools - 1];
                value[pools - 2] = (value[pools - 2] * weight[pools - 2] + value[pools - 1] * weight[pools - 1]) / both;
                weight[pools - 2] = both;
                end[pools - 2] = end[pools - 1];
                pools--;
            }
        }
        for (int p = 0, i = 0; p < pools; p++) {
            for (; i < end[p]; i++) {
                x[row.get(i)] = value[p] + offset[i];
            }
        }
    }

    private Drawing drawing(List<List<Integer>> rows, double[] x) {
        double left = Double.POSITIVE_INFINITY;
        double right = Double.NEGATIVE_INFINITY;
        for (int v = 0; v < x.length; v++) {
            left = Math.min(left, x[v] - width(v) / 2);
            right = Math.max(right, x[v] + width(v) / 2);
        }
        double[] y = new double[x.length];
        double top = 0;
        for (List<Integer> row : rows) {
            double height = row.stream()
                    .filter(v -> v < nodes)
                    .mapToDouble(v -> sizes.get(v).height)
                    .max()
                    .orElse(0);
            for (int v : row) {
                y[v] = top + height / 2;
            }
            top += height + GAP_Y;
        }
        for (int v = 0; v < x.length; v++) {
            x[v] -= left;
        }
        List<Point> points = new ArrayList<>();
        for (int v = 0; v < x.length; v++) {
            points.add(new Point(x[v], y[v]));
        }
        List<List<Point>> bends = chains.stream()
                .map(chain -> Arrays.stream(chain).mapToObj(points::get).toList())
                .toList();
        return new Drawing(List.copyOf(points.subList(0, nodes)), bends, right - left, top - GAP_Y);
    }
}
