@NullMarked
package org.quantscope.core.safetensors;

import org.jspecify.annotations.NullMarked;
