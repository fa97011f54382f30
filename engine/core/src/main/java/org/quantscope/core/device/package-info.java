/** What a model with certain settings asks of a device: bytes, multiplications, and time measured on this machine. */
@NullMarked
package org.quantscope.core.device;

import org.jspecify.annotations.NullMarked;
