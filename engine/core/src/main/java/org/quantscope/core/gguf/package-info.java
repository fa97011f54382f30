/** GGUF files, as llama.cpp reads them. */
@NullMarked
package org.quantscope.core.gguf;

import org.jspecify.annotations.NullMarked;
