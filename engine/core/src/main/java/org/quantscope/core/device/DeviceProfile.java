package org.quantscope.core.device;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.quantscope.core.json.StrictJson;

/**
 * A board: its memory, and the widths that its kernels take. All come from a file of data in which each names the page
 * that its figures stand on.
 *
 * @param id on the command line
 * @param title for people
 * @param flashBytes flash memory, in bytes
 * @param ramBytes static RAM, in bytes
 * @param kernels what runs the model, in words
 * @param weightBits widths of weights that the kernels take, ascending; others are stored in the next one
 * @param activationBits likewise of activations
 * @param source where the memory is stated
 * @param kernelSource where the widths are stated
 */
public record DeviceProfile(
        String id,
        String title,
        long flashBytes,
        long ramBytes,
        String kernels,
        List<Integer> weightBits,
        List<Integer> activationBits,
        String source,
        String kernelSource) {
    private static final String FILE = "boards.json";

    public DeviceProfile {
        weightBits = weightBits.stream().sorted().toList();
        activationBits = activationBits.stream().sorted().toList();
    }

    private record Boards(List<DeviceProfile> boards) {}

    private static final class Known {
        private static final List<DeviceProfile> ALL = read();
    }

    private static List<DeviceProfile> read() {
        try (InputStream in = Objects.requireNonNull(DeviceProfile.class.getResourceAsStream(FILE))) {
            return List.copyOf(
                    StrictJson.read(Path.of(FILE), in.readAllBytes(), json -> json.record(Boards.class, false)).boards);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All boards, by the memory that they have. */
    public static List<DeviceProfile> all() {
        return Known.ALL;
    }

    public static Optional<DeviceProfile> byId(String id) {
        return all().stream().filter(p -> p.id.equals(id)).findFirst();
    }

    /** Bits in which a code of so many bits is stored; the code's own if no width is wide enough. */
    public int packed(int bits) {
        return weightBits.stream().filter(w -> w >= bits).findFirst().orElse(bits);
    }
}
