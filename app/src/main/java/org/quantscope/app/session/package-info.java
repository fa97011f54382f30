/** Opening, saving and remembering. */
@NullMarked
package org.quantscope.app.session;

import org.jspecify.annotations.NullMarked;
