package org.quantscope.app.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.quantscope.app.graph.LayeredLayout.Point;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.tensor.TensorId;

/**
 * A model as boxes and lines. Operators that compute with stored values only are left out.
 *
 * @param boxes in graph order, after the inputs of the graph
 * @param way how the layers follow one another
 * @param width width of the whole drawing in pixels at scale 1
 */
record ModelDrawing(List<Box> boxes, List<Line> lines, Way way, double width, double height) {
    static final double WIDE = 168;
    static final double HIGH = 38;
    static final double THIN = 18;
    private static final double THIN_WIDTH = 96;
    /** Beside one another boxes are narrower, so that more of them are in sight. */
    private static final double WIDE_ABREAST = 132;

    private static final double THIN_ABREAST = 72;

    /** Where the layers of a drawing go. */
    enum Way {
        DOWN,
        RIGHT
    }

    /**
     * An operator, or an input of the graph.
     *
     * @param operator the operator type, or {@code input}, or how many operators a folded block holds
     * @param name its name in the file, or that of the block
     * @param tensors the tensors that can be quantized: its weights, then its outputs
     * @param carries true if one of them is a weight or is quantized; otherwise the box is thin
     * @param block true for a folded block
     * @param x position of the left edge
     * @param y position of the upper edge
     */
    record Box(
            String operator,
            String name,
            List<TensorId> tensors,
            boolean carries,
            boolean block,
            double x,
            double y,
            double width,
            double height) {
        private boolean says(String sought) {
            return Stream.concat(Stream.of(operator, name), tensors.stream().map(TensorId::name))
                    .anyMatch(s -> s.toLowerCase(Locale.ROOT).contains(sought));
        }

        boolean holds(double px, double py) {
            return meets(px, py, px, py);
        }

        boolean meets(double x0, double y0, double x1, double y1) {
            return x <= x1 && x + width >= x0 && y <= y1 && y + height >= y0;
        }
    }

    /**
     * A value that one box passes to another.
     *
     * @param points from the earlier box to the later one, at least two
     */
    record Line(int from, int to, List<Point> points, double left, double top, double right, double bottom) {
        Line(int from, int to, List<Point> points) {
            this(
                    from,
                    to,
                    List.copyOf(points),
                    points.stream().mapToDouble(Point::x).min().orElseThrow(),
                    points.stream().mapToDouble(Point::y).min().orElseThrow(),
                    points.stream().mapToDouble(Point::x).max().orElseThrow(),
                    points.stream().mapToDouble(Point::y).max().orElseThrow());
        }

        boolean meets(double x0, double y0, double x1, double y1) {
            return left <= x1 && right >= x0 && top <= y1 && bottom >= y0;
        }
    }

    private record Node(String operator, String name, List<TensorId> tensors, boolean block) {}

    /**
     * The operators of a graph before they are placed.
     *
     * @param edges each from a node to a later one
     */
    private record Parts(List<Node> nodes, List<LayeredLayout.Edge> edges) {}

    /** The blocks of a graph that can be folded. */
    static Set<String> blocks(OnnxGraph graph) {
        return Blocks.of(parts(graph, Set.of(), new CancelToken()).nodes.stream()
                .map(Node::name)
                .toList());
    }

    /**
     * Draws a graph.
     *
     * @param quantizable the tensors that can be quantized
     * @param carried those of them that make a box wide
     * @param folded the blocks that become one box each
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    static ModelDrawing of(
            OnnxGraph graph,
            Set<TensorId> quantizable,
            Set<TensorId> carried,
            Set<String> folded,
            Way way,
            CancelToken cancel) {
        Parts all = parts(graph, quantizable, cancel);
        return place(folded.isEmpty() ? all : folded(all, folded), carried, way, cancel);
    }

    private static Parts parts(OnnxGraph graph, Set<TensorId> quantizable, CancelToken cancel) {
        List<Node> nodes = new ArrayList<>();
        List<LayeredLayout.Edge> edges = new ArrayList<>();
        Map<String, Integer> producer = new HashMap<>();
        for (String input : graph.requiredInputs()) {
            producer.put(input, nodes.size());
            nodes.add(new Node("input", input, among(List.of(input), quantizable), false));
        }
        for (OnnxNode node : graph.nodes()) {
            cancel.check();
            Set<Integer> from = new LinkedHashSet<>();
            node.inputs()
                    .forEach(value -> Optional.ofNullable(producer.get(value)).ifPresent(from::add));
            if (!from.isEmpty()) {
                int at = nodes.size();
                from.forEach(f -> edges.add(new LayeredLayout.Edge(f, at)));
                node.outputs().forEach(value -> producer.put(value, at));
                List<TensorId> tensors = new ArrayList<>(
                        among(node.inputs().stream().filter(graph::isStored).toList(), quantizable));
                tensors.addAll(among(node.outputs(), quantizable));
                nodes.add(new Node(
                        Invisible.escaped(node.opType()), Invisible.escaped(node.name()), List.copyOf(tensors), false));
            }
        }
        return new Parts(nodes, edges);
    }

    private static Parts folded(Parts all, Set<String> folded) {
        Blocks.Folding folding = Blocks.fold(all.nodes.stream().map(Node::name).toList(), all.edges, folded);
        List<List<Node>> groups = new ArrayList<>();
        folding.blocks().forEach(b -> groups.add(new ArrayList<>()));
        for (int n = 0; n < all.nodes.size(); n++) {
            groups.get(folding.group()[n]).add(all.nodes.get(n));
        }
        List<Node> nodes = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            List<Node> of = groups.get(g);
            nodes.add(folding.blocks()
                    .get(g)
                    .map(block -> new Node(
                            of.size() + " operators",
                            block,
                            of.stream()
                                    .flatMap(n -> n.tensors.stream())
                                    .distinct()
                                    .toList(),
                            true))
                    .orElseGet(of::getFirst));
        }
        List<LayeredLayout.Edge> edges = all.edges.stream()
                .map(e -> new LayeredLayout.Edge(folding.group()[e.from()], folding.group()[e.to()]))
                .filter(e -> e.from() != e.to())
                .distinct()
                .toList();
        return new Parts(nodes, edges);
    }

    private static ModelDrawing place(Parts parts, Set<TensorId> carried, Way way, CancelToken cancel) {
        List<Node> nodes = parts.nodes;
        List<LayeredLayout.Edge> edges = parts.edges;
        boolean right = way == Way.RIGHT;
        List<Boolean> carries = nodes.stream()
                .map(n -> n.block || n.tensors.stream().anyMatch(carried::contains))
                .toList();
        List<LayeredLayout.Size> sizes = carries.stream()
                .map(c -> new LayeredLayout.Size(
                        right ? (c ? WIDE_ABREAST : THIN_ABREAST) : (c ? WIDE : THIN_WIDTH), c ? HIGH : THIN))
                .toList();
        // The layout goes down; a drawing to the right is one with widths and heights exchanged, and exchanged back.
        LayeredLayout.Drawing placed = LayeredLayout.of(
                right
                        ? sizes.stream()
                                .map(s -> new LayeredLayout.Size(s.height(), s.width()))
                                .toList()
                        : sizes,
                edges,
                cancel);
        List<Box> boxes = new ArrayList<>();
        for (int n = 0; n < nodes.size(); n++) {
            double w = sizes.get(n).width();
            double h = sizes.get(n).height();
            Point middle = turned(placed.middles().get(n), right);
            Node node = nodes.get(n);
            boxes.add(new Box(
                    node.operator,
                    node.name,
                    node.tensors,
                    carries.get(n),
                    node.block,
                    middle.x() - w / 2,
                    middle.y() - h / 2,
                    w,
                    h));
        }
        List<Line> lines = new ArrayList<>();
        for (int e = 0; e < edges.size(); e++) {
            Box from = boxes.get(edges.get(e).from());
            Box to = boxes.get(edges.get(e).to());
            List<Point> points = new ArrayList<>();
            points.add(
                    right
                            ? new Point(from.x + from.width, from.y + from.height / 2)
                            : new Point(from.x + from.width / 2, from.y + from.height));
            placed.bends().get(e).forEach(bend -> points.add(turned(bend, right)));
            points.add(right ? new Point(to.x, to.y + to.height / 2) : new Point(to.x + to.width / 2, to.y));
            lines.add(new Line(edges.get(e).from(), edges.get(e).to(), points));
        }
        return new ModelDrawing(
                List.copyOf(boxes),
                List.copyOf(lines),
                way,
                right ? placed.height() : placed.width(),
                right ? placed.width() : placed.height());
    }

    private static Point turned(Point point, boolean turn) {
        return turn ? new Point(point.y(), point.x()) : point;
    }

    private static List<TensorId> among(List<String> names, Set<TensorId> quantizable) {
        return names.stream()
                .filter(n -> !n.isEmpty())
                .map(TensorId::new)
                .filter(quantizable::contains)
                .distinct()
                .toList();
    }

    /** The box that shows a tensor; for a weight with several readers the first of them. */
    Optional<Box> carrier(TensorId id) {
        return boxes.stream().filter(b -> b.tensors.contains(id)).findFirst();
    }

    /**
     * The boxes in which a text is found, in graph order: in the operator type, its name, or the name of a tensor; letters
     * may be small or large.
     */
    List<Box> find(String text) {
        String sought = text.strip().toLowerCase(Locale.ROOT);
        return sought.isEmpty()
                ? List.of()
                : boxes.stream().filter(box -> box.says(sought)).toList();
    }

    /** The box at a point of the drawing. */
    Optional<Box> at(double x, double y) {
        return boxes.stream().filter(b -> b.holds(x, y)).findFirst();
    }
}
