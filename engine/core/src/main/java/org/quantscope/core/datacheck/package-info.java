/** Whether calibration data is good enough: how ranges settle, which samples set them, which are odd, and what drifts. */
@NullMarked
package org.quantscope.core.datacheck;

import org.jspecify.annotations.NullMarked;
