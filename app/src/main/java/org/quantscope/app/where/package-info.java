/** The short way for a person who only wants a file that runs: where, on what data, found settings, file. */
@NullMarked
package org.quantscope.app.where;

import org.jspecify.annotations.NullMarked;
