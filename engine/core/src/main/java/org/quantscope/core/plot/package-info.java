/** A figure as numbers with their axes, laid out once and then written as SVG, as PDF or as a table. */
@NullMarked
package org.quantscope.core.plot;

import org.jspecify.annotations.NullMarked;
