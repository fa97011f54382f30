/**
 * The command line: the engine without a window. Names of commands and options, JSON fields, units, defaults and exit
 * codes are stable.
 */
@NullMarked
package org.quantscope.cli;

import org.jspecify.annotations.NullMarked;
