package org.quantscope.core.quant;

/**
 * An option of a registered algorithm, as {@code quantscope list} prints it.
 *
 * @param type {@code int}, {@code float}, {@code bool} or {@code choice:a|b}
 * @param defaultValue as text
 */
public record OptionDoc(String name, String type, String defaultValue, String doc) {}
