@NullMarked
package org.quantscope.core.eval;

import org.jspecify.annotations.NullMarked;
