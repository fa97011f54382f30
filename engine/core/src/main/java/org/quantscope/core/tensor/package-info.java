@NullMarked
package org.quantscope.core.tensor;

import org.jspecify.annotations.NullMarked;
