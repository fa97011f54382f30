import java.nio.file.Files;
import java.nio.file.Path;

/** Says why the window does not open at once, where nothing has been compiled yet. Run as a source file by Maven, which itself is told to be quiet. */
final class FirstRun {
    private FirstRun() {}

    public static void main(String[] args) {
        if (!Files.exists(Path.of(args[0], "app/target/classes"))) {
            System.out.println(
                    "Quantscope is compiled first, which takes a few minutes once, and libraries are fetched; then its"
                            + " window opens.");
        }
    }
}
