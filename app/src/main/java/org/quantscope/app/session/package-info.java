/** The open session: opening and saving it, its choices, and what is computed from them for all views. */
@NullMarked
package org.quantscope.app.session;

import org.jspecify.annotations.NullMarked;
