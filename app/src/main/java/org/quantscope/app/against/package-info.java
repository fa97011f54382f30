/** Two snapshots, or one and the settings in hand, beside each other. */
@NullMarked
package org.quantscope.app.against;

import org.jspecify.annotations.NullMarked;
