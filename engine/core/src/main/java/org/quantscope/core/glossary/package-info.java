/** The words of the field and of this program, explained. */
@NullMarked
package org.quantscope.core.glossary;

import org.jspecify.annotations.NullMarked;
