/** What each tensor's quantization costs, swept in the background. */
@NullMarked
package org.quantscope.app.sensitivity;

import org.jspecify.annotations.NullMarked;
