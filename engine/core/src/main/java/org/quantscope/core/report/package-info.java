/** What is to be shown of a model and its settings: every figure with what it rests on, as one page or one PDF. */
@NullMarked
package org.quantscope.core.report;

import org.jspecify.annotations.NullMarked;
