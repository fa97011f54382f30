@NullMarked
package org.quantscope.core;

import org.jspecify.annotations.NullMarked;
