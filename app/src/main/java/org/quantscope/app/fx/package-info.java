/** The JavaFX toolkit behind plain executors; the only package that names the platform. */
@NullMarked
package org.quantscope.app.fx;

import org.jspecify.annotations.NullMarked;
