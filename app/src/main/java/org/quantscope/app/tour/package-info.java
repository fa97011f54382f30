/** The tour of a first start: what the parts of the window are for, and the key of each. */
@NullMarked
package org.quantscope.app.tour;

import org.jspecify.annotations.NullMarked;
