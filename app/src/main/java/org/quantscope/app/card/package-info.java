/** The pieces that panels are laid out with. */
@NullMarked
package org.quantscope.app.card;

import org.jspecify.annotations.NullMarked;
