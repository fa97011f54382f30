/**
 * Changes to a float model that make quantization hurt it less. This package holds the interface; the corrections
 * themselves are registered from other modules.
 */
@NullMarked
package org.quantscope.core.correction;

import org.jspecify.annotations.NullMarked;
