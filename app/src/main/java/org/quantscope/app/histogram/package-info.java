@NullMarked
package org.quantscope.app.histogram;

import org.jspecify.annotations.NullMarked;
