@NullMarked
package org.quantscope.core.sketch;

import org.jspecify.annotations.NullMarked;
