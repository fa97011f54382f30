/** Bits where they pay: which weights get how many, for the least loss under a budget. */
@NullMarked
package org.quantscope.core.budget;

import org.jspecify.annotations.NullMarked;
