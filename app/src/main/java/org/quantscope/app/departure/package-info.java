/** The open model beside a deployed form of it: the error along the network, and where the two part. */
@NullMarked
package org.quantscope.app.departure;

import org.jspecify.annotations.NullMarked;
