/** Activation ranges that follow the data, compared: fixed, of each batch or sample, over a window, of clusters. */
@NullMarked
package org.quantscope.core.adaptive;

import org.jspecify.annotations.NullMarked;
