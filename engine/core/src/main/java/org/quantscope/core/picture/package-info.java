/**
 * Turns picture files into pixels. The only package of the engine that uses {@code javax.imageio} and
 * {@code java.awt.image}, classes of the platform that need no display. Files are checked and bounded here before those
 * classes see them.
 */
@NullMarked
package org.quantscope.core.picture;

import org.jspecify.annotations.NullMarked;
