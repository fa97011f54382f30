/** The report of the open model under its settings, as a file to be handed on. */
@NullMarked
package org.quantscope.app.report;

import org.jspecify.annotations.NullMarked;
