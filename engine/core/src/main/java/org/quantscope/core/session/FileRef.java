package org.quantscope.core.session;

import java.nio.file.Path;

/**
 * A file that a session rests on.
 *
 * @param path absolute in memory; written relative to the session file where possible
 * @param sha256 lower-case hex of the content, so that a moved or changed file is noticed
 */
public record FileRef(Path path, String sha256) {}
