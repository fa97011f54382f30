package org.quantscope.app.tensors;

import java.util.Optional;

/** A line of the list: a group with its name, or a tensor. */
record TensorLine(String group, Optional<TensorRow> row) {}
