/** Benchmarks of the engine beside simpler ways to do the same. Not part of the product. */
@NullMarked
package org.quantscope.bench;

import org.jspecify.annotations.NullMarked;
