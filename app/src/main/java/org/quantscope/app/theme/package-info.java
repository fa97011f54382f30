@NullMarked
package org.quantscope.app.theme;

import org.jspecify.annotations.NullMarked;
