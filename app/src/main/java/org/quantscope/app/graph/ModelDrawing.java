package org.quantscope.app.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
 * @param width width of the whole drawing in pixels at scale 1
 */
record ModelDrawing(List<Box> boxes, List<Line> lines, double width, double height) {
    static final double WIDE = 168;
    static final double HIGH = 38;
    static final double THIN = 18;
    private static final double THIN_WIDTH = 96;

    /**
     * An operator, or an input of the graph.
     *
     * @param operator the operator type, or {@code input}
     * @param name its name in the file
     * @param tensors the tensors that can be quantized: its weights, then its outputs
     * @param carries true if one of them is a weight or is quantized; otherwise the box is thin
     * @param x position of the left edge
     * @param y position of the upper edge
     */
    record Box(
            String operator,
            String name,
            List<TensorId> tensors,
            boolean carries,
            double x,
            double y,
            double width,
            double height) {
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
     * @param points from top to bottom, at least two
     * @param left the smallest x of the points
     * @param right the largest x of the points
     */
    record Line(int from, int to, List<Point> points, double left, double right) {
        Line(int from, int to, List<Point> points) {
            this(
                    from,
                    to,
                    List.copyOf(points),
                    points.stream().mapToDouble(Point::x).min().orElseThrow(),
                    points.stream().mapToDouble(Point::x).max().orElseThrow());
        }

        boolean meets(double x0, double y0, double x1, double y1) {
            return left <= x1
                    && right >= x0
                    && points.getFirst().y() <= y1
                    && points.getLast().y() >= y0;
        }
    }

    private record Node(String operator, String name, List<TensorId> tensors) {}

    /**
     * Draws a graph.
     *
     * @param quantizable the tensors that can be quantized
     * @param carried those of them that make a box wide
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    static ModelDrawing of(OnnxGraph graph, Set<TensorId> quantizable, Set<TensorId> carried, CancelToken cancel) {
        List<Node> nodes = new ArrayList<>();
        List<LayeredLayout.Edge> edges = new ArrayList<>();
        Map<String, Integer> producer = new HashMap<>();
        for (String input : graph.requiredInputs()) {
            producer.put(input, nodes.size());
            nodes.add(new Node("input", input, among(List.of(input), quantizable)));
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
                        Invisible.escaped(node.opType()), Invisible.escaped(node.name()), List.copyOf(tensors)));
            }
        }
        List<Boolean> carries = nodes.stream()
                .map(n -> n.tensors.stream().anyMatch(carried::contains))
                .toList();
        List<LayeredLayout.Size> sizes = carries.stream()
                .map(c -> c ? new LayeredLayout.Size(WIDE, HIGH) : new LayeredLayout.Size(THIN_WIDTH, THIN))
                .toList();
        LayeredLayout.Drawing placed = LayeredLayout.of(sizes, edges, cancel);
        List<Box> boxes = new ArrayList<>();
        for (int n = 0; n < nodes.size(); n++) {
            double w = sizes.get(n).width();
            double h = sizes.get(n).height();
            boxes.add(new Box(
                    nodes.get(n).operator,
                    nodes.get(n).name,
                    nodes.get(n).tensors,
                    carries.get(n),
                    placed.middles().get(n).x() - w / 2,
                    placed.middles().get(n).y() - h / 2,
                    w,
                    h));
        }
        List<Line> lines = new ArrayList<>();
        for (int e = 0; e < edges.size(); e++) {
            Box from = boxes.get(edges.get(e).from());
            Box to = boxes.get(edges.get(e).to());
            List<Point> points = new ArrayList<>();
            points.add(new Point(from.x + from.width / 2, from.y + from.height));
            points.addAll(placed.bends().get(e));
            points.add(new Point(to.x + to.width / 2, to.y));
            lines.add(new Line(edges.get(e).from(), edges.get(e).to(), points));
        }
        return new ModelDrawing(List.copyOf(boxes), List.copyOf(lines), placed.width(), placed.height());
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

    /** The box at a point of the drawing. */
    Optional<Box> at(double x, double y) {
        return boxes.stream().filter(b -> b.holds(x, y)).findFirst();
    }
}
