/** A lesson over the real window: what is asked, what was predicted, what is true, and what is still to be reached. */
@NullMarked
package org.quantscope.app.lesson;

import org.jspecify.annotations.NullMarked;
