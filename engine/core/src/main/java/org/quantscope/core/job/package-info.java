@NullMarked
package org.quantscope.core.job;

import org.jspecify.annotations.NullMarked;
