/** PyTorch files: a pickle that only names and describes tensors, and their storages beside it. */
@NullMarked
package org.quantscope.core.torch;

import org.jspecify.annotations.NullMarked;
