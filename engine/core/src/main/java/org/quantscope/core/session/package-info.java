@NullMarked
package org.quantscope.core.session;

import org.jspecify.annotations.NullMarked;
