/** What is open: the model, the choices made for it, the tensor in hand and what follows from them. No scene, no stage. */
@NullMarked
package org.quantscope.app.workbench;

import org.jspecify.annotations.NullMarked;
