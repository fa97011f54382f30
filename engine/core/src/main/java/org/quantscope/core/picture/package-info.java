/**
 * Picture files to pixels. The only package of the engine that knows {@code javax.imageio} and {@code java.awt.image}: classes of the platform that
 * need no display. What a file says is bounded here before they see it.
 */
@NullMarked
package org.quantscope.core.picture;

import org.jspecify.annotations.NullMarked;
