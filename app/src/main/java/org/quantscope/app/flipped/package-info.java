/** The samples whose answer a setting changes. */
@NullMarked
package org.quantscope.app.flipped;

import org.jspecify.annotations.NullMarked;
