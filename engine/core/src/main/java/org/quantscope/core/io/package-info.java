/**
 * Files: replacing one so that a reader never sees half of it, mapping, fingerprints, companions, and errors that name
 * the file.
 */
@NullMarked
package org.quantscope.core.io;

import org.jspecify.annotations.NullMarked;
