@NullMarked
package org.quantscope.core.rewrite;

import org.jspecify.annotations.NullMarked;
