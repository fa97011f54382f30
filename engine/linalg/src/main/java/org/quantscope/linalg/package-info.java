/** What needs linear algebra: corrections of the float model. ND4J stays behind this package and is loaded when it is first used. */
@NullMarked
package org.quantscope.linalg;

import org.jspecify.annotations.NullMarked;
