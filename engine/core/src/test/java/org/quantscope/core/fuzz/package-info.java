/**
 * Targets for a fuzzer: whatever bytes a file holds, it is opened or refused with a {@code BadInputException}. The
 * profile {@code fuzz} runs them with Jazzer; in the suite they run on the inputs that are kept.
 */
package org.quantscope.core.fuzz;
