package org.quantscope.core.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * What a file holds, told by its content and never by its name: the kinds that people open here although they cannot be
 * read, or not in that place. A message can then say what the file is and what to do. New kinds are one line.
 *
 * <p>The order matters: the first kind that fits is taken. A kind of binary files is never found in a text.
 */
public enum FileKind {
    GIT_LFS_POINTER(
            "a Git LFS pointer in place of the file itself",
            "fetch the file with 'git lfs pull', or download it again",
            h -> h.textStart(
                    "version https://git-lfs.github.com/spec/",
                    "version https://hawser.github.com/spec/",
                    "version http://git-media.io/")),
    GIT_ANNEX_POINTER(
            "a git-annex pointer in place of the file itself",
            "fetch the file with 'git annex get'",
            h -> h.textStart("/annex/objects/", "../.git/annex/objects/", ".git/annex/objects/")),
    DVC_POINTER(
            "a DVC pointer in place of the file itself",
            "fetch the file with 'dvc pull' and open that",
            h -> h.textStart("outs:", "md5:", "wdir:")
                    && (h.latin().contains("md5:") || h.latin().contains("hash:"))
                    && h.latin().contains("path:")),
    LINK_AS_TEXT(
            "the text of a link in place of the file itself",
            "download the file again; this copy was made where links are not kept",
            h -> h.size() < 300 && h.textStart("../../blobs/", "../blobs/", "../../../blobs/")),
    HTML(
            "an HTML page",
            "a download gives one in place of the file if it fails or needs a login: download the file itself again",
            h -> h.textStart("<!doctype html", "<html", "<head", "<body", "<title", "<script")
                    || (h.textStart("<!--", "<?xml") && h.latin().contains("<html"))),
    DOWNLOAD_ERROR(
            "the error message of a server in place of the file itself",
            "download the file again",
            h -> (h.isText() && Said.SERVER_ERROR.matcher(h.latin()).find())
                    || (h.textStart("<?xml", "<Error>") && h.latin().contains("<Error>"))
                    || (h.size() < 300
                            && h.textStart(
                                    "Invalid username or password",
                                    "Entry not found",
                                    "Repository not found",
                                    "Access to model",
                                    "404: Not Found",
                                    "Not Found",
                                    "Access denied"))),

    OPENVINO_XML(
            "the graph of an OpenVINO model",
            Said.ORIGINAL,
            h -> h.textStart("<?xml", "<net ") && h.latin().contains("<net ")),
    XML("an XML file", Said.NONE, h -> h.textStart("<?xml")),
    PDF("a PDF document", Said.NONE, h -> h.latin().startsWith("%PDF-")),

    TORCH_EXPORT(
            "a PyTorch program (.pt2)",
            Said.TORCH,
            h -> h.member(Pattern.compile("(^|/)(archive_format|archive_version|serialized_exported_program\\.json)$"
                    + "|(^|/)models/model\\.json$")),
            EnumSet.of(Wanted.MODEL)),
    TORCH_SCRIPT("a TorchScript program", Said.TORCH, h -> h.member(Pattern.compile("(^|/)constants\\.pkl$"))),
    TORCH_ZIP(
            "a PyTorch file (.pt or .pth, a zip archive of pickles)",
            Said.TORCH,
            h -> h.member(Pattern.compile("^([^/]+/)?(data\\.pkl|byteorder|\\.format_version|"
                    + "\\.storage_alignment|\\.data/serialization_id|data/\\d+)$")),
            EnumSet.of(Wanted.MODEL)),
    KERAS_ZIP(
            "a Keras model (.keras)",
            Said.KERAS,
            h -> h.member(Pattern.compile("(^|/)model\\.weights\\.h5$")),
            EnumSet.of(Wanted.MODEL)),
    SAVED_MODEL_ZIP(
            "a zip archive with a TensorFlow SavedModel",
            Said.TENSORFLOW,
            h -> h.member(Pattern.compile("(^|/)saved_model\\.pb$"))),
    COREML_ZIP(
            "a zip archive with a Core ML package",
            Said.ORIGINAL,
            h -> h.member(Pattern.compile("\\.mlpackage/|(^|/)com\\.apple\\.CoreML/"))),
    QNN_DLC(
            "a Qualcomm DLC model",
            Said.ORIGINAL,
            h -> h.member(Pattern.compile("(^|/)(dlc\\.metadata|model\\.params(\\.bin)?)$"))),
    OFFICE(
            "an office document",
            "save a table as CSV",
            h -> h.member(Pattern.compile("^(\\[Content_Types\\]\\.xml|META-INF/manifest\\.xml)$"))),
    NPZ(
            "a NumPy archive",
            Said.NONE,
            h -> h.member(Pattern.compile("\\.npy$")),
            EnumSet.of(Wanted.MODEL, Wanted.DATA, Wanted.SETTINGS, Wanted.NPZ)),
    ZIP("a zip archive without a .npy array", "unpack it and open what is in it", FileHead::isZip),

    TORCH_LEGACY(
            "a PyTorch file in its old format (.pt or .pth, a pickle)",
            Said.TORCH,
            h -> h.binary(2, "\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019"),
            EnumSet.of(Wanted.MODEL)),
    TORCH_TAR(
            "a PyTorch file in its oldest format (a tar archive of pickles)",
            Said.TORCH,
            h -> h.binary(257, "ustar") && h.latin().startsWith("sys_info")),
    PICKLE(
            "a Python pickle, as PyTorch, joblib and scikit-learn write them",
            "a pickle can run any program and is not opened; " + Said.TORCH,
            h -> (h.at(0) == 0x80 && h.at(1) >= 2 && h.at(1) <= 5 && !h.isText())
                    || h.textStart("(dp0\n", "(lp0\n", "ccopy_reg\n", "c__builtin__\n", "ccollections\n")),
    HDF5_KERAS(
            "an HDF5 file, as Keras writes them (.h5)",
            Said.KERAS,
            h -> h.binary(0, "\u0089HDF\r\n\u001a\n"),
            EnumSet.of(Wanted.MODEL)),
    MATLAB(
            "a MATLAB file",
            Said.ARRAYS,
            h -> h.latin().startsWith("MATLAB 5.0 MAT-file") || h.latin().startsWith("MATLAB 7.3 MAT-file")),
    TFLITE(
            "a TensorFlow Lite model (.tflite)",
            Said.TENSORFLOW,
            h -> h.binary(4, "TFL3"),
            EnumSet.of(Wanted.MODEL, Wanted.SETTINGS)),
    ORT_FORMAT(
            "a model in ONNX Runtime's own format (.ort)",
            "open the .onnx file that it was made from",
            h -> h.binary(4, "ORTM")),
    EXECUTORCH("an ExecuTorch program (.pte)", Said.TORCH, h -> h.binary(4, "ET12") || h.binary(4, "ET13")),
    TORCH_MOBILE("a PyTorch Mobile model (.ptl)", Said.TORCH, h -> h.binary(4, "PTMF")),
    GGUF("a GGUF model", Said.NONE, h -> h.latin().startsWith("GGUF"), EnumSet.of(Wanted.MODEL, Wanted.SETTINGS)),
    GGML(
            "a GGML model, the format before GGUF",
            "open the float model that it was made from",
            h -> Set.of("lmgg", "tjgg", "algg", "fmgg", "ggml", "ggjt")
                            .contains(h.latin().substring(0, Math.min(4, h.length())))
                    && !h.isText()),
    COREML("a Core ML model (.mlmodel)", Said.ORIGINAL, ProtobufHead::isCoreMl),
    SAVED_MODEL("a TensorFlow SavedModel (.pb)", Said.TENSORFLOW, ProtobufHead::isSavedModel),
    GRAPH_DEF("a TensorFlow graph (.pb)", Said.TENSORFLOW, ProtobufHead::isGraphDef),
    CAFFE("a Caffe model", Said.ORIGINAL, ProtobufHead::isCaffe),
    PADDLE("a PaddlePaddle model (.pdmodel)", "export it with paddle2onnx", ProtobufHead::isPaddle),
    ONNX_TENSOR(
            "a single ONNX tensor (.pb), as test data of models hold them",
            "read it with onnx.numpy_helper and save it with numpy.savez",
            ProtobufHead::isOnnxTensor),
    TENSORRT("a TensorRT engine", Said.ORIGINAL, h -> h.binary(0, "ptrt") || h.binary(0, "ftrt")),
    RKNN("an RKNN model", Said.ORIGINAL, h -> h.binary(0, "RKNN")),
    HAILO("a Hailo model (.hef)", Said.ORIGINAL, h -> h.binary(0, "\u0001HEF")),
    MXNET("an MXNet parameter file", Said.ORIGINAL, h -> h.binary(0, "\u0012\u0001\0\0\0\0\0\0")),
    NCNN("an ncnn graph (.param)", Said.ORIGINAL, h -> h.isText() && h.textStart("7767517\n", "7767517\r")),
    DARKNET("a Darknet config (.cfg)", Said.ORIGINAL, h -> h.textStart("[net]", "[network]")),

    GZIP("a gzip archive", "unpack it with gunzip or tar and open what is in it", h -> h.binary(0, "\u001f\u008b")),
    BZIP2("a bzip2 archive", Said.UNPACK, h -> h.binary(0, "BZh") && h.latin().startsWith("1AY&SY", 4)),
    XZ("an xz archive", Said.UNPACK, h -> h.binary(0, "\u00fd7zXZ\0")),
    ZSTD("a Zstandard archive", Said.UNPACK, h -> h.binary(0, "(\u00b5/\u00fd")),
    LZ4("an LZ4 archive", Said.UNPACK, h -> h.binary(0, "\u0004\"M\u0018")),
    SEVEN_ZIP("a 7z archive", Said.UNPACK, h -> h.binary(0, "7z\u00bc\u00af'\u001c")),
    RAR("a RAR archive", Said.UNPACK, h -> h.binary(0, "Rar!\u001a\u0007")),
    TAR("a tar archive", Said.UNPACK, h -> h.binary(257, "ustar")),

    PNG("a picture (PNG)", Said.NONE, h -> h.binary(0, "\u0089PNG\r\n\u001a\n"), EnumSet.of(Wanted.PICTURE)),
    JPEG("a picture (JPEG)", Said.NONE, h -> h.binary(0, "\u00ff\u00d8\u00ff"), EnumSet.of(Wanted.PICTURE)),
    GIF("a picture (GIF)", Said.NONE, h -> h.binary(0, "GIF87a") || h.binary(0, "GIF89a"), EnumSet.of(Wanted.PICTURE)),
    WEBP("a picture (WebP)", Said.NONE, h -> h.binary(0, "RIFF") && h.binary(8, "WEBP"), EnumSet.of(Wanted.PICTURE)),
    TIFF("a picture (TIFF)", Said.NONE, h -> h.binary(0, "II*\0") || h.binary(0, "MM\0*"), EnumSet.of(Wanted.PICTURE)),
    BMP("a picture (BMP)", Said.NONE, h -> h.binary(0, "BM") && h.binary(6, "\0\0\0\0"), EnumSet.of(Wanted.PICTURE)),
    WAVE("a sound (WAV)", Said.NONE, h -> h.binary(0, "RIFF") && h.binary(8, "WAVE")),
    MEDIA("a film or sound", Said.NONE, h -> h.binary(4, "ftyp") || h.binary(0, "OggS") || h.binary(0, "fLaC")),

    PARQUET("a Parquet table", Said.ARRAYS, h -> h.binary(0, "PAR1")),
    ARROW("an Arrow table", Said.ARRAYS, h -> h.binary(0, "ARROW1") || h.binary(0, "FEA1")),
    SQLITE("an SQLite database", Said.ARRAYS, h -> h.latin().startsWith("SQLite format 3")),
    TF_RECORD("a TFRecord file", Said.ARRAYS, FileKind::isTfRecord),
    PROGRAM(
            "a program or library",
            Said.NONE,
            h -> h.binary(0, "\u007fELF")
                    || (h.binary(0, "MZ") && h.latin().contains("DOS mode"))
                    || h.binary(0, "\u00cf\u00fa\u00ed\u00fe")
                    || h.binary(0, "\u00ca\u00fe\u00ba\u00be")),
    MAC_FORK(
            "the side file of a Mac, which holds no content (its name begins with ._)",
            "open the file without ._ beside it",
            h -> h.binary(0, "\0\u0005\u0016\u0007")),

    SAFETENSORS_INDEX(
            "the index of a safetensors model",
            Said.NONE,
            h -> h.json("weight_map"),
            EnumSet.of(Wanted.MODEL, Wanted.SETTINGS, Wanted.JSON)),
    SYNTHETIC(
            "the recipe of a synthetic tensor",
            "open it as a model",
            h -> h.json("synthetic"),
            EnumSet.of(Wanted.MODEL, Wanted.SETTINGS, Wanted.JSON)),
    SESSION(
            "a session or config of Quantscope",
            "open the model and give this file with --config, or open it as a session",
            h -> h.json("quantscope-session"),
            EnumSet.of(Wanted.SETTINGS, Wanted.JSON)),
    TFJS(
            "a TensorFlow.js model",
            Said.ORIGINAL,
            h -> h.json("modelTopology", "weightsManifest"),
            EnumSet.of(Wanted.SETTINGS, Wanted.JSON)),
    HF_CONFIG(
            "the configuration of a model, without its weights",
            "open the .safetensors or .onnx file beside it",
            h -> h.json("architectures", "model_type", "_name_or_path", "tokenizer_class"),
            EnumSet.of(Wanted.SETTINGS, Wanted.JSON)),
    JSON("a JSON file", Said.NONE, h -> h.json(), EnumSet.of(Wanted.SETTINGS, Wanted.JSON)),
    NPY(
            "a NumPy array (.npy)",
            "put the arrays of samples and labels into one .npz with numpy.savez",
            h -> h.latin().startsWith("\u0093NUMPY"),
            EnumSet.of(Wanted.MODEL, Wanted.NPY)),
    SAFETENSORS(
            "a safetensors file",
            Said.NONE,
            h -> h.at(8) == '{' && h.at(9) == '"' && h.at(7) == 0,
            EnumSet.of(Wanted.MODEL, Wanted.SETTINGS, Wanted.SAFETENSORS)),
    ONNX("an ONNX model", Said.NONE, ProtobufHead::isOnnx, EnumSet.of(Wanted.MODEL, Wanted.SETTINGS, Wanted.ONNX));

    /** What a person opens the file as. */
    public enum Wanted {
        MODEL,
        DATA,
        /** One picture. */
        PICTURE,
        /** Settings, in a text, a model or an archive. */
        SETTINGS,
        JSON,
        ONNX,
        SAFETENSORS,
        NPZ,
        NPY,
        /** Lines of text in a given form. */
        TEXT
    }

    private static final class Said {
        static final Pattern SERVER_ERROR = Pattern.compile("^\\s*\\{\\s*\"(error|errors|message|detail)\"\\s*:");
        static final String NONE = "";
        static final String UNPACK = "unpack it and open what is in it";
        static final String TORCH =
                "in PyTorch, write ONNX with torch.onnx.export, or bare weights with safetensors.torch.save_file";
        static final String KERAS = "write ONNX with model.export(\"model.onnx\", format=\"onnx\") or with tf2onnx";
        static final String TENSORFLOW = "write ONNX with python -m tf2onnx.convert";
        static final String ORIGINAL = "open the ONNX or safetensors file of the model that it was made from";
        static final String ARRAYS = "save its arrays with numpy.savez";

        private Said() {}
    }

    /** What to do with a TensorFlow model. */
    static final String TENSORFLOW_ADVICE = Said.TENSORFLOW;

    /** What to do with a model that another tool has made of one that can be read. */
    static final String ORIGINAL_ADVICE = Said.ORIGINAL;

    private static final Pattern LFS_SIZE = Pattern.compile("(?m)^size (\\d{1,18})\\s*$");

    private final String what;
    private final String advice;
    /** Without state. */
    @SuppressWarnings("ImmutableEnumChecker")
    private final Predicate<FileHead> test;

    /** Not changed. */
    @SuppressWarnings("ImmutableEnumChecker")
    private final Set<Wanted> read;

    FileKind(String what, String advice, Predicate<FileHead> test) {
        this(what, advice, test, EnumSet.noneOf(Wanted.class));
    }

    FileKind(String what, String advice, Predicate<FileHead> test, Set<Wanted> read) {
        this.what = what;
        this.advice = advice;
        this.test = test;
        this.read = read;
    }

    /**
     * The kind of a file; empty if it is none of these. At most 68 KiB are read.
     *
     * @throws IOException if the file cannot be read
     */
    public static Optional<FileKind> of(Path file) throws IOException {
        return of(FileHead.of(file));
    }

    static Optional<FileKind> of(FileHead head) {
        for (FileKind kind : values()) {
            if (kind.test.test(head)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /** True if files of this kind can be read as what is wanted. */
    boolean isReadAs(Wanted wanted) {
        return read.contains(wanted);
    }

    /** True if a file is of this kind, whatever other kinds would say of it. */
    boolean fits(FileHead head) {
        return test.test(head);
    }

    /** What to do with such a file in place of opening it; blank if there is nothing to say. */
    String advice() {
        return advice;
    }

    /** True if such a file holds arrays, which NumPy can save in a format that is read. */
    boolean holdsArrays() {
        return this == NPY || advice.equals(Said.ARRAYS);
    }

    /** What a file of this kind is, with what its first bytes say of its size or its content. */
    String what(FileHead head) {
        if (this == GIT_LFS_POINTER) {
            Matcher size = LFS_SIZE.matcher(head.latin());
            return what + (size.find() ? ", which has " + size.group(1) + " bytes" : "");
        }
        if (this == ZIP) {
            return what + head.firstMember().map(m -> ", with " + Quoted.of(m)).orElse("");
        }
        return what;
    }

    /** TFRecord: a length, followed by its masked checksum. */
    private static boolean isTfRecord(FileHead h) {
        if (h.length() < 16 || h.isText()) {
            return false;
        }
        byte[] length = h.latin().substring(0, 8).getBytes(StandardCharsets.ISO_8859_1);
        CRC32C crc = new CRC32C();
        crc.update(length);
        int raw = (int) crc.getValue();
        int masked = Integer.rotateRight(raw, 15) + 0xa282ead8;
        byte[] said = h.latin().substring(8, 12).getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.wrap(said).order(ByteOrder.LITTLE_ENDIAN).getInt() == masked;
    }
}
