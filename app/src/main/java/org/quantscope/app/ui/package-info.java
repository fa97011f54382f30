/** The kit that every part of the window is built of: cards, figures as text, the theme, charts that stand still, background work. */
@NullMarked
package org.quantscope.app.ui;

import org.jspecify.annotations.NullMarked;
