@NullMarked
package org.quantscope.core.dataset;

import org.jspecify.annotations.NullMarked;
