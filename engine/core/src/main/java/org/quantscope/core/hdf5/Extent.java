package org.quantscope.core.hdf5;

import org.quantscope.core.tensor.Shape;

/** The shape of an array or an attribute (dataspace, IV.A.2.b). */
final class Extent {
    private static final String FIELD = "hdf5 shape";

    private Extent() {}

    static Shape read(Hdf5Bytes bytes, long at) {
        int version = bytes.u8(at, FIELD);
        int rank = bytes.u8(at + 1, FIELD);
        if (version != 1 && version != 2) {
            throw bytes.bad(FIELD, "version " + version + " is not supported, 1 and 2 are");
        }
        if (version == 2 && bytes.u8(at + 3, FIELD) == 2) {
            return Shape.of(0);
        }
        if (rank > 32) {
            throw bytes.bad(FIELD, rank + " dimensions are over the limit of 32");
        }
        long from = at + (version == 1 ? 8 : 4);
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = bytes.length(from + (long) i * bytes.lengthSize(), FIELD);
        }
        try {
            return Shape.of(dims);
        } catch (IllegalArgumentException e) {
            throw bytes.bad(FIELD, String.valueOf(e.getMessage()));
        }
    }
}
