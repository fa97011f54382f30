@NullMarked
package org.quantscope.testkit;

import org.jspecify.annotations.NullMarked;
