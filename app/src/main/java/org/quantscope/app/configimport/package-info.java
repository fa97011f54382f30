/** Imports settings from other tools' files. */
@NullMarked
package org.quantscope.app.configimport;

import org.jspecify.annotations.NullMarked;
