/**
 * The loops over a tensor's values that run at memory speed, in two versions with the same results: with the incubating Vector API,
 * and in plain Java for a virtual machine that was started without it.
 */
@NullMarked
package org.quantscope.core.kernel;

import org.jspecify.annotations.NullMarked;
