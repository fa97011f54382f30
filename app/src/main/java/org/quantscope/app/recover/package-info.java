/** Training of what quantization broke: the options, the curve of the loss on held-out samples, and stopping. */
@NullMarked
package org.quantscope.app.recover;

import org.jspecify.annotations.NullMarked;
