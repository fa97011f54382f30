/** The results of a sweep: a ranking of the settings that were tried elsewhere, and the way to any of them. */
@NullMarked
package org.quantscope.app.sweep;

import org.jspecify.annotations.NullMarked;
