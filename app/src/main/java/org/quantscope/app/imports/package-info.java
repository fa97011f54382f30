/** Settings read from the files of other tools: what was found, what it would change, and what has no place. */
@NullMarked
package org.quantscope.app.imports;

import org.jspecify.annotations.NullMarked;
