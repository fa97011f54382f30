/** Long work, with its progress and its end. */
@NullMarked
package org.quantscope.app.jobs;

import org.jspecify.annotations.NullMarked;
