/** The error of a setting inside the network, layer by layer. */
@NullMarked
package org.quantscope.app.layers;

import org.jspecify.annotations.NullMarked;
