@NullMarked
package org.quantscope.core.model;

import org.jspecify.annotations.NullMarked;
