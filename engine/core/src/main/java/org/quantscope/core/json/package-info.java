/** Reading JSON that may lie: bounded, strict, every complaint with the field and the value. */
@NullMarked
package org.quantscope.core.json;

import org.jspecify.annotations.NullMarked;
