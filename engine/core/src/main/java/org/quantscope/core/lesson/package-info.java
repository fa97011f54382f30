/** Lessons as data: a text with steps, what to predict, goals that the engine finds true, and the robot that passes them. */
@NullMarked
package org.quantscope.core.lesson;

import org.jspecify.annotations.NullMarked;
