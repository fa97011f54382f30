/** The data a model is fed with, and how it is prepared. */
@NullMarked
package org.quantscope.app.input;

import org.jspecify.annotations.NullMarked;
