/**
 * Sweeps: a plan of many settings of many models, each evaluated as the command {@code eval} would, with the results in a
 * folder that a killed run goes on from.
 */
@NullMarked
package org.quantscope.core.sweep;

import org.jspecify.annotations.NullMarked;
