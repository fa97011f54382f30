@NullMarked
package org.quantscope.app.screenshot;

import org.jspecify.annotations.NullMarked;
