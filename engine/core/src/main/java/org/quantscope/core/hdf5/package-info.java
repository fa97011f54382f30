/** HDF5 files, as far as models need them; every address is checked against the file before it is followed. */
@NullMarked
package org.quantscope.core.hdf5;

import org.jspecify.annotations.NullMarked;
