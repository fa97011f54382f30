@NullMarked
package org.quantscope.app;

import org.jspecify.annotations.NullMarked;
