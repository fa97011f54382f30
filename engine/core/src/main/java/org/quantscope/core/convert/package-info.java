/** TensorFlow Lite graphs as ONNX graphs that compute the same in float. */
@NullMarked
package org.quantscope.core.convert;

import org.jspecify.annotations.NullMarked;
