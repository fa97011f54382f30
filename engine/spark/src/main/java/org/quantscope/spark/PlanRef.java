package org.quantscope.spark;

import java.io.Serializable;

/**
 * A plan, for another process to read.
 *
 * @param file absolute
 * @param sha256 of its content, so that everybody evaluates the same plan
 */
record PlanRef(String file, String sha256) implements Serializable {}
