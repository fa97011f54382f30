package org.quantscope.core.io;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Why a file could not be read or written, for a person. */
public final class Reason {
    private Reason() {}

    /** One sentence without its full stop; it names the file if the failure does. */
    public static String of(Throwable failure) {
        return switch (failure) {
            case NoSuchFileException missing ->
                missing.getFile() + ": " + (missing.getReason() == null ? "no such file" : missing.getReason());
            case AccessDeniedException denied -> denied.getFile() + ": access denied";
            case FileSystemException other ->
                other.getFile() + ": " + (other.getReason() == null ? "cannot be read or written" : other.getReason());
            case InternalError fault
            when MappedFile.cutOff().isPresent() ->
                MappedFile.cutOff().orElseThrow().getFileName() + ": was cut off while it was read";
            case IOException io -> "cannot read or write: " + io.getMessage();
            default -> failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
        };
    }
}
