@NullMarked
package org.quantscope.core.npy;

import org.jspecify.annotations.NullMarked;
