package org.quantscope.core.departure;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.tensor.Shape;

/** What is quantized as it should be departs nowhere. */
class CleanTwinsTest {
    @TempDir
    private Path folder;

    @Test
    void pairsAndOperatorsOnIntegersOfASmallNetDepartNowhere() throws IOException {
        Path floats = Twins.smallNet(folder);
        for (Twins.Settings settings :
                List.of(Twins.Settings.W8, Twins.Settings.W8_CHANNEL, Twins.Settings.W4, Twins.Settings.W4A4)) {
            ModelProto qdq = Twins.qdq(floats, Twins.PICTURES, settings, folder);
            NetworkComparison found = Twins.compare(floats, Twins.write(qdq, folder), Twins.PICTURES);
            departsNowhere(found, settings.toString());
            if (settings.weightBits() == 8) {
                NetworkComparison integers =
                        Twins.compare(floats, Twins.write(Twins.qOperator(qdq), folder), Twins.PICTURES);
                departsNowhere(integers, settings + " on integers");
            }
        }
    }

    /** Four samples have a smaller range than the many that the grids were made for. */
    @Test
    void gridsOfMoreDataThanIsComparedAreNotTooWide() throws IOException {
        Path floats = Twins.smallNet(folder);
        ModelProto qdq =
                Twins.qdq(floats, MemoryData.unlabelled(400, Shape.of(3, 8, 8)), Twins.Settings.W8_CHANNEL, folder);

        departsNowhere(Twins.compare(floats, Twins.write(qdq, folder), Twins.PICTURES.limit(4)), "four samples");
    }

    /** Nowhere but in sums that saturate on a processor without VNNI, and then that is said. */
    private static void departsNowhere(NetworkComparison found, String what) {
        if (found.first().isPresent()) {
            assertThat(found.first().get().cause()).as(what).isEqualTo(Cause.KERNEL);
            assertThat(found.notes()).as(what).anyMatch(n -> n.contains("session.x64quantprecision=1"));
        }
    }
}
