/** Writing files so that a reader never meets half of one. */
@NullMarked
package org.quantscope.core.io;

import org.jspecify.annotations.NullMarked;
