/**
 * The selected tensor: its histogram with the clip handles, the error as a function of the clip, its error figures,
 * codes and slices, and the form for its settings.
 */
@NullMarked
package org.quantscope.app.selected;

import org.jspecify.annotations.NullMarked;
