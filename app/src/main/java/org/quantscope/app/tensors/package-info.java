/** The list of tensors, worst first. */
@NullMarked
package org.quantscope.app.tensors;

import org.jspecify.annotations.NullMarked;
