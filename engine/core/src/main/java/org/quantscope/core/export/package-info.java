@NullMarked
package org.quantscope.core.export;

import org.jspecify.annotations.NullMarked;
