/** Where the cards of the window are: all in their places, one of them alone, some in windows of their own. */
@NullMarked
package org.quantscope.app.cards;

import org.jspecify.annotations.NullMarked;
