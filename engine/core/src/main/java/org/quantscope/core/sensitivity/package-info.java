/** What each tensor's quantization does on its own: sweeps over single tensors, their ranking, and what is kept of them. */
@NullMarked
package org.quantscope.core.sensitivity;

import org.jspecify.annotations.NullMarked;
