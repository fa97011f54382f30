package org.quantscope.app;

import java.time.Clock;
import java.util.concurrent.Executor;
import org.quantscope.app.accuracy.AccuracyViewModel;
import org.quantscope.app.accuracy.ArithmeticViewModel;
import org.quantscope.app.accuracy.BudgetViewModel;
import org.quantscope.app.accuracy.CorrectionsViewModel;
import org.quantscope.app.accuracy.TriedViewModel;
import org.quantscope.app.against.AgainstViewModel;
import org.quantscope.app.cards.Cards;
import org.quantscope.app.configimport.ImportViewModel;
import org.quantscope.app.data.CalibrationViewModel;
import org.quantscope.app.data.DataViewModel;
import org.quantscope.app.data.OtherViewModel;
import org.quantscope.app.departure.CompareViewModel;
import org.quantscope.app.device.DeviceViewModel;
import org.quantscope.app.explain.ExplainViewModel;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.export.TargetsViewModel;
import org.quantscope.app.flipped.FlippedViewModel;
import org.quantscope.app.flipped.LayerOutputViewModel;
import org.quantscope.app.flipped.SampleLayersViewModel;
import org.quantscope.app.glass.GlassViewModel;
import org.quantscope.app.glass.MakingViewModel;
import org.quantscope.app.graph.GraphViewModel;
import org.quantscope.app.hold.AdaptiveViewModel;
import org.quantscope.app.hold.RobustnessViewModel;
import org.quantscope.app.improve.EqualizeFirst;
import org.quantscope.app.improve.ImproveViewModel;
import org.quantscope.app.lesson.LessonViewModel;
import org.quantscope.app.recover.RecoverViewModel;
import org.quantscope.app.report.ReportViewModel;
import org.quantscope.app.selected.CodeUse;
import org.quantscope.app.selected.CodesViewModel;
import org.quantscope.app.selected.ErrorViewModel;
import org.quantscope.app.selected.OutputNote;
import org.quantscope.app.selected.QuantizerViewModel;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.selected.SlicesViewModel;
import org.quantscope.app.session.Activations;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.LayerInputs;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.SessionViewModel;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.snapshots.SnapshotsViewModel;
import org.quantscope.app.sweep.SweepViewModel;
import org.quantscope.app.tensors.SensitivityViewModel;
import org.quantscope.app.tensors.TensorsViewModel;
import org.quantscope.app.tour.TourViewModel;
import org.quantscope.app.ui.Notices;
import org.quantscope.app.ui.UiThread;
import org.quantscope.app.where.WhereViewModel;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.sensitivity.SensitivityStore;

/**
 * The program without its window: all view-models, connected to each other. They are created only here.
 *
 * @param background runs the work of all of them
 */
public record ApplicationContext(
        Workbench bench,
        Measurements measurements,
        Solutions solutions,
        SelectedTensor selected,
        Activations activations,
        LayerInputs layerInputs,
        SensitivityViewModel sensitivity,
        TensorsViewModel tensors,
        GraphViewModel graph,
        DeviceViewModel device,
        CalibrationViewModel calibrationQuality,
        OtherViewModel otherData,
        RobustnessViewModel robustness,
        AdaptiveViewModel adaptive,
        QuantizerViewModel quantizer,
        ErrorViewModel error,
        SlicesViewModel slices,
        CodesViewModel codes,
        AccuracyViewModel accuracy,
        ArithmeticViewModel arithmetic,
        TriedViewModel tried,
        SnapshotsViewModel snapshots,
        AgainstViewModel against,
        FlippedViewModel flipped,
        LayerOutputViewModel layerOutput,
        SampleLayersViewModel sampleLayers,
        CorrectionsViewModel corrections,
        ImproveViewModel improve,
        CompareViewModel compare,
        BudgetViewModel budget,
        EqualizeFirst equalizeFirst,
        RecoverViewModel recover,
        SessionViewModel session,
        ExportViewModel export,
        TargetsViewModel targets,
        ReportViewModel report,
        WhereViewModel where,
        ImportViewModel imports,
        DataViewModel input,
        LessonViewModel lessons,
        TourViewModel tour,
        ExplainViewModel explain,
        GlassViewModel glass,
        Cards cards,
        SweepViewModel sweep,
        Background background)
        implements AutoCloseable {
    /**
     * @param work runs long work in the background
     * @param ui runs tasks on the thread of the view-models
     */
    public static ApplicationContext of(
            Executor work, UiThread ui, Settings settings, Questions questions, Notices notices) {
        Background background = Background.of(work, ui, notices);
        Workbench bench = new Workbench();
        Measurements measurements = new Measurements(bench, background);
        Solutions solutions = new Solutions(bench, measurements, background);
        SelectedTensor selected = new SelectedTensor(bench, measurements, solutions, background);
        CodeUse codeUse = new CodeUse(bench, selected, solutions, background);
        Activations activations = new Activations(bench, background);
        LayerInputs layerInputs = new LayerInputs(bench, background);
        AccuracyViewModel accuracy =
                new AccuracyViewModel(bench, measurements, solutions, selected, background, settings);
        ExportViewModel export = new ExportViewModel(bench, measurements, solutions, background);
        SensitivityViewModel sensitivity = new SensitivityViewModel(
                bench, measurements, new SensitivityStore(settings.state().resolve("sensitivity")), background);
        TensorsViewModel tensors =
                new TensorsViewModel(bench, measurements, solutions, selected, activations, sensitivity);
        accuracy.viewProperty().subscribe(v -> {
            // The verdict stays while new settings are evaluated.
            if (!v.previous()) {
                tensors.judge(v.quantized());
            }
        });
        QuantizerViewModel quantizer = new QuantizerViewModel(selected, solutions, activations, bench, notices);
        SessionViewModel session = new SessionViewModel(bench, solutions, questions, settings, background);
        CorrectionsViewModel corrections = new CorrectionsViewModel(bench, measurements, accuracy, background);
        LessonViewModel lessons = new LessonViewModel(bench, session, selected, settings, background);
        TriedViewModel tried =
                new TriedViewModel(bench, accuracy, selected, settings.state().resolve("tried"), background);
        return new ApplicationContext(
                bench,
                measurements,
                solutions,
                selected,
                activations,
                layerInputs,
                sensitivity,
                tensors,
                new GraphViewModel(bench, tensors, sensitivity, background),
                new DeviceViewModel(bench, export, accuracy, settings, background),
                new CalibrationViewModel(bench, background),
                new OtherViewModel(bench, solutions, background),
                new RobustnessViewModel(bench, solutions, background),
                new AdaptiveViewModel(bench, solutions, background),
                quantizer,
                new ErrorViewModel(
                        selected,
                        measurements,
                        codeUse,
                        new OutputNote(bench, measurements.outputs(), selected, background)),
                new SlicesViewModel(selected, quantizer),
                new CodesViewModel(selected, codeUse),
                accuracy,
                new ArithmeticViewModel(bench, solutions, background),
                tried,
                new SnapshotsViewModel(bench, accuracy, background),
                new AgainstViewModel(bench, solutions, background),
                new FlippedViewModel(bench, accuracy, background),
                new LayerOutputViewModel(bench, accuracy, selected, background),
                new SampleLayersViewModel(bench, accuracy, background),
                corrections,
                new ImproveViewModel(bench, solutions, settings, background),
                new CompareViewModel(bench, background),
                new BudgetViewModel(bench, measurements, accuracy, background, settings),
                new EqualizeFirst(bench, background),
                new RecoverViewModel(bench, corrections, settings, background),
                session,
                export,
                new TargetsViewModel(bench, export, settings, background),
                new ReportViewModel(bench, measurements, solutions, settings, background, Clock.systemUTC()),
                new WhereViewModel(bench, solutions, export, settings, background),
                new ImportViewModel(bench, measurements, selected, background),
                new DataViewModel(bench, background),
                lessons,
                new TourViewModel(bench, lessons, settings),
                new ExplainViewModel(selected, accuracy),
                new GlassViewModel(selected, new MakingViewModel(bench, selected, solutions, background)),
                new Cards(),
                new SweepViewModel(bench, tried, background),
                background);
    }

    /** The running jobs. */
    public Jobs jobs() {
        return background.jobs();
    }

    /** Cancels what runs, and waits for what must be finished, such as writing a file. */
    @Override
    public void close() {
        lessons.leave();
        session.close();
        jobs().cancelAll();
        flipped.close();
        layerOutput.close();
        sampleLayers.close();
        budget.close();
        accuracy.close();
    }
}
