/** The selected tensor: its histogram with the clip handles, the error against the clip, its error, codes and slices, and how it is quantized. */
@NullMarked
package org.quantscope.app.selected;

import org.jspecify.annotations.NullMarked;
