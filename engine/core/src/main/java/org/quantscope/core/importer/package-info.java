/** Settings read back from the files of other tools. */
@NullMarked
package org.quantscope.core.importer;

import org.jspecify.annotations.NullMarked;
