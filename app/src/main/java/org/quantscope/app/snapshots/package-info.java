/** Settings kept under a name: the strip of them, taking, renaming, deleting and going back to one. */
@NullMarked
package org.quantscope.app.snapshots;

import org.jspecify.annotations.NullMarked;
