package org.quantscope.app.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.quantscope.app.graph.LayeredLayout.Drawing;
import org.quantscope.app.graph.LayeredLayout.Edge;
import org.quantscope.app.graph.LayeredLayout.Point;
import org.quantscope.app.graph.LayeredLayout.Size;
import org.quantscope.core.job.CancelToken;

class LayeredLayoutTest {
    private static final Size BOX = new Size(100, 20);

    private static Drawing draw(int nodes, List<Edge> edges) {
        return LayeredLayout.of(Collections.nCopies(nodes, BOX), edges, new CancelToken());
    }

    @Test
    void aChainIsAStraightColumn() {
        Drawing drawing = draw(4, List.of(new Edge(0, 1), new Edge(1, 2), new Edge(2, 3)));

        assertThat(drawing.middles())
                .extracting(Point::x)
                .allSatisfy(x -> assertThat(x).isCloseTo(50, within(1e-9)));
        assertThat(drawing.middles()).extracting(Point::y).containsExactly(10.0, 46.0, 82.0, 118.0);
        assertThat(drawing.width()).isEqualTo(100);
        assertThat(drawing.height()).isEqualTo(128);
    }

    @Test
    void aSkipConnectionPassesBesideTheBoxesThatItSkips() {
        Drawing drawing = draw(4, List.of(new Edge(0, 1), new Edge(1, 2), new Edge(2, 3), new Edge(0, 3)));

        List<Point> bends = drawing.bends().get(3);
        assertThat(bends).hasSize(2);
        for (int i = 0; i < 2; i++) {
            assertThat(bends.get(i).y()).isEqualTo(drawing.middles().get(i + 1).y());
            assertThat(Math.abs(bends.get(i).x() - drawing.middles().get(i + 1).x()))
                    .isGreaterThan(BOX.width() / 2);
        }
        assertThat(bends.getFirst().x()).isCloseTo(bends.getLast().x(), within(1.0));
    }

    /** A layered random graph of 1000 nodes: nothing overlaps, every edge points down, and it is the same each time. */
    @Test
    void boxesOfALargeGraphNeverOverlapAndEdgesPointDown() {
        Random random = new Random(5);
        List<Edge> edges = new ArrayList<>();
        List<Size> sizes = new ArrayList<>();
        for (int n = 0; n < 1000; n++) {
            sizes.add(random.nextInt(3) == 0 ? new Size(60, 12) : BOX);
            if (n > 0) {
                edges.add(new Edge(Math.max(0, n - 1 - random.nextInt(4)), n));
                if (n > 30 && random.nextInt(5) == 0) {
                    edges.add(new Edge(n - 5 - random.nextInt(25), n));
                }
            }
        }
        Drawing drawing = LayeredLayout.of(sizes, edges, new CancelToken());

        for (Edge e : edges) {
            assertThat(drawing.middles().get(e.from()).y())
                    .isLessThan(drawing.middles().get(e.to()).y());
        }
        List<Integer> byPlace = IntStream.range(0, 1000)
                .boxed()
                .sorted((a, b) -> {
                    int byY = Double.compare(
                            drawing.middles().get(a).y(),
                            drawing.middles().get(b).y());
                    return byY != 0
                            ? byY
                            : Double.compare(
                                    drawing.middles().get(a).x(),
                                    drawing.middles().get(b).x());
                })
                .toList();
        for (int i = 1; i < 1000; i++) {
            Point a = drawing.middles().get(byPlace.get(i - 1));
            Point b = drawing.middles().get(byPlace.get(i));
            if (a.y() == b.y()) {
                double distance = (sizes.get(byPlace.get(i - 1)).width()
                                + sizes.get(byPlace.get(i)).width())
                        / 2;
                assertThat(b.x() - a.x()).isGreaterThanOrEqualTo(distance);
            }
        }
        for (int n = 0; n < 1000; n++) {
            assertThat(drawing.middles().get(n).x() - sizes.get(n).width() / 2).isGreaterThanOrEqualTo(-1e-6);
            assertThat(drawing.middles().get(n).x() + sizes.get(n).width() / 2)
                    .isLessThanOrEqualTo(drawing.width() + 1e-6);
        }
        assertThat(LayeredLayout.of(sizes, edges, new CancelToken())).isEqualTo(drawing);
    }

    @Test
    void branchesOfTheSameLengthAreSideBySideUnderTheMiddleOfTheirSource() {
        Drawing drawing = draw(4, List.of(new Edge(0, 1), new Edge(0, 2), new Edge(1, 3), new Edge(2, 3)));

        assertThat(drawing.middles().get(1).y())
                .isEqualTo(drawing.middles().get(2).y());
        double middle = (drawing.middles().get(1).x() + drawing.middles().get(2).x()) / 2;
        assertThat(drawing.middles().get(0).x()).isCloseTo(middle, within(1e-6));
        assertThat(drawing.middles().get(3).x()).isCloseTo(middle, within(1e-6));
    }

    @Test
    void nothingIsAnEmptyDrawingAndABackwardEdgeIsRefused() {
        assertThat(draw(0, List.of())).isEqualTo(new Drawing(List.of(), List.of(), 0, 0));
        assertThatThrownBy(() -> draw(2, List.of(new Edge(1, 0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("edges");
    }

    @Test
    void aCancelEndsIt() {
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        assertThatThrownBy(() -> LayeredLayout.of(List.of(BOX), List.of(), cancel))
                .isInstanceOf(CancellationException.class);
    }
}
