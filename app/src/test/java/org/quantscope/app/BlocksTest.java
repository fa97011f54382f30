package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.selected.QuantizerForm.Blocks;
import org.quantscope.app.selected.QuantizerForm.Field;
import org.quantscope.app.selected.QuantizerViewModel.Cut;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.ErrorFigures;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;

class BlocksTest {
    @TempDir
    Path folder;

    private HeldContext at;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
        at.open("digits_mlp.onnx");
    }

    @AfterEach
    void close() {
        at.close();
    }

    private QuantSpec spec() {
        return at.hand().spec().orElseThrow();
    }

    private QuantParams resolved() {
        return RangeResolver.resolve(at.tensor(), spec(), new CancelToken()).params();
    }

    private Map<Field, String> locked() {
        return at.context.quantizer().viewProperty().get().orElseThrow().locked();
    }

    @Test
    void perBlockEveryBlockHasARangeAndTheirScalesAreSummedUp() {
        at.context.quantizer().setCut(Cut.BLOCK);
        assertThat(spec().granularity()).isEqualTo(new Granularity.PerBlock(-1, 32));
        assertThat(at.hand().noun()).isEqualTo("block");
        assertThat(at.hand().count()).isEqualTo(at.measured().params().slices()).isGreaterThan(1);
        assertThat(at.hand().draggable()).isFalse();
        float[] scales = resolved().scales();
        Arrays.sort(scales);
        assertThat(at.context
                        .quantizer()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .resolved()
                        .scale())
                .isEqualTo(Figures.small(scales[0]) + " … " + Figures.small(scales[scales.length / 2]) + " … "
                        + Figures.small(scales[scales.length - 1]));
        at.context.bench().undo();
        assertThat(spec().granularity()).isEqualTo(Granularity.TENSOR);
        assertThat(at.hand().noun()).isEqualTo("channel");
    }

    @Test
    void oneBlockIsDraggedTheOthersKeepTheirRangesAndItIsOneStep() {
        at.context.selected().curveShowingProperty().set(true);
        at.context.quantizer().setBits(4);
        at.context.quantizer().setCut(Cut.BLOCK);
        List<ClipRange> before = at.measured().requested();
        ErrorFigures whole = at.measured().error();
        at.context.selected().selectSlice(5);
        assertThat(at.hand().draggable()).isTrue();
        assertThat(at.hand().clip()).contains(before.get(5));
        assertThat(at.hand().shown().orElseThrow().count()).isEqualTo(32);
        assertThat(at.context.selected().curveProperty().get().orElseThrow().absence())
                .isEmpty();

        ClipRange half = ClipRange.symmetric(before.get(5).hi() / 2);
        at.held = true;
        for (int i = 1; i <= 10; i++) {
            at.context.selected().preview(ClipRange.symmetric(before.get(5).hi() * (1 - i / 20f)));
        }
        ErrorFigures estimate = at.measured().error();
        assertThat(estimate.exact()).isFalse();
        at.held = false;
        at.runWaiting();
        at.context.selected().commit();

        List<ClipRange> expected = new ArrayList<>(before);
        expected.set(5, half);
        assertThat(spec().clip()).isEqualTo(new Clip.ManualPerBlock(expected));
        assertThat(at.hand().slice()).isEqualTo(5);
        var exact = ErrorPass.measure(at.tensor(), resolved(), new CancelToken());
        assertThat(at.measured().error()).isEqualTo(ErrorFigures.of(exact));
        assertThat(estimate.mse()).isCloseTo(exact.mse(), org.assertj.core.data.Percentage.withPercentage(0.1));
        assertThat(estimate.mse()).isNotEqualTo(whole.mse());
        assertThat(Math.round(estimate.clipped())).isEqualTo(exact.clipped());
        assertThat(at.context.bench().undoTitleProperty().get()).contains("block 5");

        at.context.bench().undo();
        assertThat(at.measured().requested()).isEqualTo(before);
        assertThat(at.measured().error()).isEqualTo(whole);
        at.context.selected().selectSlice(SelectedTensor.ALL);
        assertThat(at.hand().draggable()).isFalse();
    }

    @Test
    void theSizeOfBlocksIsTypedAndNonsenseIsSaid() {
        at.context.quantizer().setCut(Cut.BLOCK);
        at.context.quantizer().setBlockSize("10");
        assertThat(spec().granularity()).isEqualTo(new Granularity.PerBlock(-1, 10));
        assertThat(at.hand().count()).isEqualTo(at.measured().params().slices());
        for (String nonsense : List.of("many", "0", "-3", "2.5", "")) {
            at.context.quantizer().setBlockSize(nonsense);
        }
        assertThat(at.problems).hasSize(5).contains("block size: a whole number of at least 1 is needed, got many");
        assertThat(spec().granularity()).isEqualTo(new Granularity.PerBlock(-1, 10));
    }

    @Test
    void blocksLieAlongAnyAxisAndNoBlockOfBeforeStaysInHand() {
        at.context.quantizer().setCut(Cut.BLOCK);
        var shape = at.tensor().info().shape();
        Blocks before = at.context
                .quantizer()
                .viewProperty()
                .get()
                .orElseThrow()
                .blocks()
                .orElseThrow();
        assertThat(before.axes()).containsExactly(shape.dim(0), shape.dim(1));
        int other = 1 - before.axis();
        at.context.selected().selectSlice(2);
        at.context.quantizer().setBlockAxis(other);
        assertThat(spec().granularity()).isEqualTo(new Granularity.PerBlock(other, 32));
        assertThat(at.context.quantizer().viewProperty().get().orElseThrow().blocks())
                .contains(new Blocks(32, other, before.axes()));
        assertThat(at.hand().slice()).isEqualTo(SelectedTensor.ALL);
        assertThat(at.hand().count()).isEqualTo(resolved().slices());
    }

    @Test
    void rangesSetBlockByBlockGiveWayWhenTheTensorIsCutAnew() {
        at.context.quantizer().setCut(Cut.BLOCK);
        at.context.selected().selectSlice(0);
        at.context.selected().setRange(ClipRange.symmetric(0.1f));
        assertThat(spec().clip()).isInstanceOf(Clip.ManualPerBlock.class);
        at.context.quantizer().setBlockSize("64");
        assertThat(spec().clip()).isEqualTo(new Clip.Auto("minmax"));
        assertThat(at.problems).isEmpty();
    }

    @Test
    void whatASchemeLeavesNoChoiceOfSaysWhy() {
        assertThat(locked()).isEmpty();
        at.context.quantizer().setSymmetric(false);
        assertThat(locked().get(Field.NARROW)).isEqualTo("only symmetric codes can be restricted");
        at.context.quantizer().setScheme("mxfp4");
        assertThat(locked())
                .isEqualTo(Map.of(
                        Field.BITS,
                        "MXFP4 has codes of 4 bits",
                        Field.SYMMETRIC,
                        "MXFP4 mirrors about 0",
                        Field.SIGNED,
                        "MXFP4 has no unsigned codes",
                        Field.NARROW,
                        "MXFP4 has no code to leave out",
                        Field.GRANULARITY,
                        "MXFP4 has a scale for each block",
                        Field.BLOCK_SIZE,
                        "MXFP4 has blocks of 32"));
        assertThat(at.context
                        .quantizer()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .blocks()
                        .orElseThrow()
                        .size())
                .isEqualTo(32);
        at.context.quantizer().setScheme("uniform");
        at.context.quantizer().setCut(Cut.TENSOR);
        at.context.quantizer().setScheme("nvfp4");
        assertThat(at.context
                        .quantizer()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .blocks()
                        .orElseThrow()
                        .size())
                .isEqualTo(16);
        assertThat(locked().get(Field.BLOCK_SIZE)).isEqualTo("NVFP4 has blocks of 16");
    }

    @Test
    void aBlockOfAFormatWithBlocksIsSetByHandToo() {
        for (String scheme : List.of("mxfp4", "nvfp4", "mxint8")) {
            at.context.quantizer().setScheme(scheme);
            at.context.selected().selectSlice(3);
            at.context.selected().setRange(ClipRange.symmetric(0.05f));
            assertThat(at.measured().params()).as(scheme).isEqualTo(resolved());
            assertThat(at.hand().grid()).as(scheme).contains(resolved().grid(3));
        }
        assertThat(at.problems).isEmpty();
    }

    @Test
    void aDraggedChannelOfAFittedCodebookHasTheLevelsThatTheEngineFits() {
        at.context.quantizer().setScheme("lloyd-max");
        at.context.quantizer().setBits(3);
        at.context.selected().setRange(ClipRange.symmetric(0.2f));
        assertThat(at.measured().params()).isEqualTo(resolved());
        at.context.quantizer().setPerChannel(true);
        at.context.selected().selectSlice(1);
        at.context.selected().setRange(new ClipRange(-0.1f, 0.15f));
        assertThat(at.problems).isEmpty();
        assertThat(at.measured().params()).isEqualTo(resolved());
        assertThat(at.hand().grid()).contains(resolved().grid(1));
    }
}
