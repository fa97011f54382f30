/** What a quantized file truly holds, on one page. */
@NullMarked
package org.quantscope.app.proof;

import org.jspecify.annotations.NullMarked;
