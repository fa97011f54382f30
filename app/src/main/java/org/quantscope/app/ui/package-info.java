/** Building blocks for every part of the window: cards, numbers as text, themes, and charts that are drawn rarely. */
@NullMarked
package org.quantscope.app.ui;

import org.jspecify.annotations.NullMarked;
