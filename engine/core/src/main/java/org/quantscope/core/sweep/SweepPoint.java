package org.quantscope.core.sweep;

/**
 * One point of a plan: a model under one combination of settings, on one part of its data.
 *
 * @param number from 0, in the order of the plan
 * @param model under which it is evaluated
 * @param key tells it from all other points of the plan, and stays the same as long as its settings do
 */
public record SweepPoint(int number, SweepModel model, PointSettings settings, String key) {}
