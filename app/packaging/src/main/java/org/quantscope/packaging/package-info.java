/** Makes the packages that need no Java on the machine. */
@NullMarked
package org.quantscope.packaging;

import org.jspecify.annotations.NullMarked;
