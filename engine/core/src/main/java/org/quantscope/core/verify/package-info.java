/** Looking at an exported file again: ONNX Runtime runs it, or its importer reads it and the settings are compared. */
@NullMarked
package org.quantscope.core.verify;

import org.jspecify.annotations.NullMarked;
