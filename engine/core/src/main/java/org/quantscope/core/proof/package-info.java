/** What a file that is quantized already truly holds: an account of its weights and operators. */
@NullMarked
package org.quantscope.core.proof;

import org.jspecify.annotations.NullMarked;
