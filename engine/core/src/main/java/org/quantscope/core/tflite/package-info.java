/** TensorFlow Lite (LiteRT) models: the tables of a FlatBuffer, read with every offset checked. */
@NullMarked
package org.quantscope.core.tflite;

import org.jspecify.annotations.NullMarked;
