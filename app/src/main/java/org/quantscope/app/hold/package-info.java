/** Whether settings hold: on samples that get worse, and with ranges that follow the data. */
@NullMarked
package org.quantscope.app.hold;

import org.jspecify.annotations.NullMarked;
