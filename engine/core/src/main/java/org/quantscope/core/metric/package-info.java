@NullMarked
package org.quantscope.core.metric;

import org.jspecify.annotations.NullMarked;
