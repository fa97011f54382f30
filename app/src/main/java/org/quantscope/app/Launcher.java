package org.quantscope.app;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.logging.Logger;
import javafx.application.Application;
import org.quantscope.core.io.Unpacked;
import org.quantscope.core.io.UserFolders;

/**
 * Starts the desktop program. It is no {@code Application} itself, because Java refuses to start one from the class
 * path.
 */
public final class Launcher {
    private static final String HELP = """
        Usage: quantscope-desktop [FILE...]

        Opens the Quantscope window, with the files if there are any: a model (.onnx, .safetensors, .npz, .npy),
        labelled data (.npz) or a saved session (.quantscope.json). Without a file a bundled sample opens.

        Example: quantscope-desktop sample-models/fashion_lenet.onnx sample-models/fashion_mnist_test.npz
        """;

    /** A strong reference, because a logger that is garbage-collected loses its filter. */
    private static final Logger TOOLKIT = Logger.getLogger("javafx");

    private Launcher() {}

    public static void main(String[] args) {
        if (List.of(args).contains("--help")) {
            System.out.print(HELP);
            return;
        }
        if (!hasDisplay(System.getProperty("os.name"), System.getenv(), System.getProperty("glass.platform", ""))) {
            System.err.println(
                    "Quantscope: there is no display to open a window on; use the command line instead (quantscope"
                            + " --help).");
            return;
        }
        Unpacked.into(UserFolders.caches());
        leaveAProcessorToTheWindow();
        drawGroundsDirectly();
        // This program always runs on the class path, so JavaFX's warning that it is not loaded as a module would only
        // confuse users.
        TOOLKIT.setFilter(entry -> !String.valueOf(entry.getMessage()).contains("Unsupported JavaFX configuration"));
        Application.launch(DesktopApplication.class, args);
    }

    /**
     * Limits parallel passes over weights to all processors but one, so that the window stays responsive. The thread
     * that starts a pass takes part in it.
     */
    public static void leaveAProcessorToTheWindow() {
        int helpers = Math.max(0, Runtime.getRuntime().availableProcessors() - 2);
        System.getProperties()
                .putIfAbsent("java.util.concurrent.ForkJoinPool.common.parallelism", Integer.toString(helpers));
    }

    /**
     * Has JavaFX fill the ground of a card as a shape. By itself it stretches a small picture of it, pixel by pixel where there
     * is no graphics card, which was the most expensive part of a frame. To be called before JavaFX starts.
     */
    public static void drawGroundsDirectly() {
        System.getProperties().putIfAbsent("prism.disableRegionCaching", "true");
    }

    /**
     * True if there is a display: always, except on a Unix system with neither X11 nor Wayland. Also true if the
     * toolkit is told to work without a display.
     */
    static boolean hasDisplay(String os, Map<String, String> environment, String platform) {
        String name = os.toLowerCase(Locale.ROOT);
        return name.contains("win")
                || name.contains("mac")
                || platform.equalsIgnoreCase("headless")
                || !environment.getOrDefault("DISPLAY", "").isEmpty()
                || !environment.getOrDefault("WAYLAND_DISPLAY", "").isEmpty();
    }
}
