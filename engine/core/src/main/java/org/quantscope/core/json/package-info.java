/**
 * Reads JSON from files that may be damaged or hostile: bounded and strict, with the field and the value in every
 * error.
 */
@NullMarked
package org.quantscope.core.json;

import org.jspecify.annotations.NullMarked;
