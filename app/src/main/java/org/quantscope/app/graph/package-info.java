/** The graph of the model as a layered drawing, coloured by sensitivity. */
@NullMarked
package org.quantscope.app.graph;

import org.jspecify.annotations.NullMarked;
