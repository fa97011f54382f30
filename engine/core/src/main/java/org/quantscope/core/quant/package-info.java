@NullMarked
package org.quantscope.core.quant;

import org.jspecify.annotations.NullMarked;
