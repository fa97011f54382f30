/** The data that a model is evaluated and calibrated on, and how it is prepared. */
@NullMarked
package org.quantscope.app.data;

import org.jspecify.annotations.NullMarked;
