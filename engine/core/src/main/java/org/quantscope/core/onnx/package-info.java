@NullMarked
package org.quantscope.core.onnx;

import org.jspecify.annotations.NullMarked;
