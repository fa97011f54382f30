package org.quantscope.app.slices;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javafx.beans.property.ObjectProperty;
import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;
import org.quantscope.app.chart.ChannelStripView;
import org.quantscope.app.quantizer.QuantizerViewModel;
import org.quantscope.app.theme.Palette;
import org.quantscope.app.workbench.InHand;
import org.quantscope.app.workbench.Subject;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.sketch.MomentSketch;

/** The channels of the tensor in hand, each with its values and its range. */
public final class SlicesView extends VBox {
    private static final double GAP = 10;

    /** How much wider than the middle one a channel is that spoils a common range. */
    private static final double WIDE = 3;

    private final InHand inHand;
    private final ChannelStripView channels = new ChannelStripView();
    private final Label channelHint = new Label();
    private final Button switchToChannels = new Button("switch to per channel ▸");
    private List<MomentSketch> shownChannels = List.of();
    private boolean showing;

    public SlicesView(InHand inHand, QuantizerViewModel quantizer) {
        super(4);
        this.inHand = inHand;
        channelHint.getStyleClass().add("hint");
        switchToChannels.setId("switch-to-channels");
        switchToChannels.getStyleClass().add("link");
        switchToChannels.setMinWidth(USE_PREF_SIZE);
        switchToChannels.setOnAction(e -> quantizer.setPerChannel(true));
        HBox words = new HBox(GAP, channelHint, switchToChannels);
        words.setAlignment(Pos.CENTER_LEFT);
        channels.setOnChannel(inHand::selectChannel);
        VBox.setVgrow(channels, Priority.ALWAYS);
        getChildren().addAll(channels, words);
        inHand.viewProperty().subscribe(v -> refresh());
    }

    /** Whether this page is looked at; it follows the tensor in hand only then. */
    public void setShowing(boolean showing) {
        this.showing = showing;
        refresh();
    }

    public ObjectProperty<Palette> paletteProperty() {
        return channels.paletteProperty();
    }

    private void refresh() {
        if (!showing) {
            return;
        }
        Optional<InHand.View> view = inHand.viewProperty().get();
        view.ifPresent(this::show);
        if (view.isEmpty()) {
            shownChannels = List.of();
            channels.setChannels(List.of());
            switchToChannels.setVisible(false);
            channelHint.setText("");
        }
    }

    private void show(InHand.View v) {
        boolean some = v.channels().size() > 1;
        channels.setVisible(some);
        if (!v.channels().equals(shownChannels)) {
            shownChannels = v.channels();
            channels.setChannels(some ? ranges(v.channels()) : List.of());
        }
        switchToChannels.setVisible(some && v.spec().isPresent() && !v.perChannel());
        switchToChannels.setManaged(switchToChannels.isVisible());
        channels.setClips(v.spec().isEmpty() || v.measured().isEmpty() ? List.of() : v.perChannel() ? v.measured().get().requested() : List.of(v.measured().get().envelope()));
        channelHint.setText(hint(v, some));
    }

    private static String hint(InHand.View v, boolean some) {
        if (!some) {
            return v.subject() instanceof Subject.Activation ? "an activation has one range" : v.channels().isEmpty() ? "" : "one channel";
        }
        int n = v.channels().size();
        if (v.perChannel()) {
            return v.channel() == InHand.ALL_CHANNELS ? n + " channels, a range each · click one to drag its range" : n + " channels, a range each";
        }
        double[] widths = v.channels().stream().mapToDouble(SlicesView::absMax).toArray();
        double[] sorted = widths.clone();
        Arrays.sort(sorted);
        int widest = 0;
        for (int i = 1; i < n; i++) {
            if (widths[i] > widths[widest]) {
                widest = i;
            }
        }
        return widths[widest] > WIDE * sorted[n / 2]
                ? n + " channels · one range for all spends its levels on channel " + widest
                : n + " channels share one range";
    }

    private static double absMax(MomentSketch s) {
        return s.count() == 0 ? 0 : Math.max(Math.abs(s.min()), Math.abs(s.max()));
    }

    private static List<ClipRange> ranges(List<MomentSketch> sketches) {
        return sketches.stream().map(s -> s.count() == 0 ? new ClipRange(0, 0) : new ClipRange(s.min(), s.max())).toList();
    }
}
