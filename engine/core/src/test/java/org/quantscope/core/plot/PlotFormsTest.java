package org.quantscope.core.plot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.quantscope.core.plot.Plot.Axis;
import org.quantscope.core.plot.Plot.Bar;
import org.quantscope.core.plot.Plot.Scale;
import org.quantscope.core.plot.Plot.Spot;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class PlotFormsTest {
    private static final Plot BARS = new Plot(
            "bars",
            "a < b",
            new Axis("value, volts", 0, 3, Scale.LINEAR),
            new Axis("count", 0.5, 20, Scale.LOG),
            List.of(
                    new Plot.Bars(
                            "x",
                            Ink.FLOAT,
                            List.of(new Bar(0, 1, 10), new Bar(1, 2, 0), new Bar(2, 3, 0.1234567890123))),
                    new Plot.Marks("end", Ink.HAND, List.of(2.5))));

    private static final Plot LINES = new Plot(
            "lines",
            "lines",
            new Axis("n", 0, 1, Scale.LINEAR),
            new Axis("loss, nats", 0, 1, Scale.LINEAR),
            List.of(new Plot.Points(
                    "=1+1", Ink.TEXT, List.of(new Spot(0, -0.5, "a, \"b\""), new Spot(1, Double.NaN, "-2,5")))));

    @Test
    void numbersAreWrittenInFullUnderHeadingsWithUnits() {
        assertThat(CsvPlot.of(BARS)).isEqualTo("""
            series,"value, volts, from","value, volts, to",count
            x,0,1,10
            x,1,2,0
            x,2,3,0.1234567890123
            end,2.5,,
            """.replace("\n", "\r\n"));
    }

    @Test
    void textThatCouldBeTakenForAFormulaStaysText() {
        assertThat(CsvPlot.of(List.of(BARS, LINES)).split("\r\n\r\n", -1)[1]).isEqualTo("""
            series,n,"loss, nats",label
            '=1+1,0,-0.5,"a, ""b""\"
            '=1+1,1,,"'-2,5"
            """.replace("\n", "\r\n"));
    }

    @Test
    void aFigureByItselfIsXmlThatNeedsNothingElse() throws Exception {
        String svg = SvgPlot.alone(List.of(BARS, LINES));
        Document file = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
        NodeList boxes = file.getElementsByTagName("rect");
        int bars = 0;
        for (int i = 0; i < boxes.getLength(); i++) {
            Element box = (Element) boxes.item(i);
            bars += box.getAttribute("fill").equals(Ink.FLOAT.light()) ? 1 : 0;
        }
        // Two bars that are not empty, and the box of the key.
        assertThat(bars).isEqualTo(3);
        assertThat(((Element) boxes.item(0)).getAttribute("fill")).isEqualTo("#ffffff");
        assertThat(svg).doesNotContain("currentColor", "<style", "href", "url(").contains("a &lt; b");
    }
}
