/** What a part of the window means: its entry of the glossary with the numbers in hand, and formulas laid out. */
@NullMarked
package org.quantscope.app.explain;

import org.jspecify.annotations.NullMarked;
