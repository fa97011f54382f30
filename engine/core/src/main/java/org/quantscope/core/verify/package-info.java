/** Checks exported files: ONNX Runtime runs them, or their importer reads them back and the settings are compared. */
@NullMarked
package org.quantscope.core.verify;

import org.jspecify.annotations.NullMarked;
