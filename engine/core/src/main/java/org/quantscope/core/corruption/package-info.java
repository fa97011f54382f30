/** What goes wrong with pictures and vectors on their way to a model, by severity: noise, blur, light, JPEG. */
@NullMarked
package org.quantscope.core.corruption;

import org.jspecify.annotations.NullMarked;
