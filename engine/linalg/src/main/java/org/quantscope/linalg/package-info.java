/**
 * Corrections of the float model, which need linear algebra. ND4J is used in this package only, and is loaded at first
 * use.
 */
@NullMarked
package org.quantscope.linalg;

import org.jspecify.annotations.NullMarked;
