@NullMarked
package org.quantscope.core.loader;

import org.jspecify.annotations.NullMarked;
