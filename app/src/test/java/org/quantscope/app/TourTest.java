package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.session.Settings;
import org.quantscope.app.tour.TourStop;
import org.quantscope.app.tour.TourViewModel;
import org.quantscope.core.glossary.Glossary;
import org.quantscope.core.lesson.Lessons;

/** The tour without a window: when it is shown, and when it is over. */
class TourTest {
    private static final String MODEL = "digits_mlp.onnx";

    @TempDir
    Path folder;

    private HeldContext held;
    private TourViewModel tour;

    @BeforeEach
    void begin() {
        held = new HeldContext(folder);
        tour = held.context.tour();
    }

    @AfterEach
    void end() {
        held.close();
    }

    private Optional<TourStop> at() {
        return tour.stopProperty().get();
    }

    @Test
    void isShownOnceWhenAModelIsOpenAndNotInTheNextRun() {
        tour.offer();
        assertThat(at()).as("without a model").isEmpty();
        held.open(MODEL);
        assertThat(at()).contains(TourStop.TENSORS);
        tour.end();
        held.open(MODEL);
        assertThat(at()).as("again in the same run").isEmpty();
        held.close();
        assertThat(new Settings(folder).text("tour")).contains("shown");

        try (HeldContext later = new HeldContext(folder)) {
            later.context.tour().offer();
            later.open(MODEL);
            assertThat(later.context.tour().stopProperty().get()).isEmpty();
            later.context.tour().start();
            assertThat(later.context.tour().stopProperty().get()).contains(TourStop.TENSORS);
        }
    }

    @Test
    void nobodyWhoDidNotAskGetsIt() {
        held.open(MODEL);
        assertThat(at()).isEmpty();
        assertThat(new Settings(folder).text("tour")).isEmpty();
    }

    @Test
    void goesForwardToTheEndAndBackToTheFirstStop() {
        held.open(MODEL);
        tour.start();
        List<TourStop> seen = new ArrayList<>();
        while (at().isPresent()) {
            seen.add(at().orElseThrow());
            tour.next();
        }
        assertThat(seen).containsExactly(TourStop.values()).hasSizeLessThanOrEqualTo(6);

        tour.start();
        tour.next();
        tour.back();
        tour.back();
        assertThat(at()).contains(TourStop.TENSORS);
        tour.end();
        tour.next();
        tour.back();
        assertThat(at()).as("over").isEmpty();
    }

    @Test
    void neverLiesOverADialog() {
        held.open(MODEL);
        tour.start();
        tour.setDialogOpen(true);
        assertThat(at()).isEmpty();
        assertThat(tour.possibleProperty().get()).isFalse();
        tour.start();
        assertThat(at()).isEmpty();
    }

    @Test
    void oneThatIsOfferedWaitsForTheDialogToClose() {
        tour.setDialogOpen(true);
        tour.offer();
        held.open(MODEL);
        assertThat(at()).isEmpty();
        tour.setDialogOpen(false);
        assertThat(at()).contains(TourStop.TENSORS);
    }

    @Test
    void neverLiesOverALesson() {
        held.open(MODEL);
        tour.start();
        held.context.lessons().start(Lessons.byId("clip-or-round").orElseThrow(), Optional.empty());
        assertThat(at()).isEmpty();
        tour.start();
        assertThat(at()).isEmpty();
        held.context.lessons().leave();
        assertThat(tour.possibleProperty().get()).isTrue();
    }

    @Test
    void eachStopSaysOneSentenceAndIsExplained() {
        for (TourStop stop : TourStop.values()) {
            assertThat(stop.sentence()).matches("[^.]+\\.");
            assertThat(stop.keys()).isNotBlank();
            assertThat(Glossary.bundled().find(stop.term())).as(stop.term()).isPresent();
        }
    }
}
