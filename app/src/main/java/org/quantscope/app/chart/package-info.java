@NullMarked
package org.quantscope.app.chart;

import org.jspecify.annotations.NullMarked;
