@NullMarked
package org.quantscope.core.calib;

import org.jspecify.annotations.NullMarked;
