@NullMarked
package org.quantscope.core.ort;

import org.jspecify.annotations.NullMarked;
