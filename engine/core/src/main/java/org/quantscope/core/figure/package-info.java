/** The figures that texts, goals and lessons may name, and sentences that say them. */
@NullMarked
package org.quantscope.core.figure;

import org.jspecify.annotations.NullMarked;
