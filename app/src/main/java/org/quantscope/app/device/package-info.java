/** What the settings ask of a device: bytes, multiplications, and time measured on this machine. */
@NullMarked
package org.quantscope.app.device;

import org.jspecify.annotations.NullMarked;
