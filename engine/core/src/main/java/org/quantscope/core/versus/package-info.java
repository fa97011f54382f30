/** Two settings of one model beside each other: what differs, the error of each, and who is right where. */
@NullMarked
package org.quantscope.core.versus;

import org.jspecify.annotations.NullMarked;
