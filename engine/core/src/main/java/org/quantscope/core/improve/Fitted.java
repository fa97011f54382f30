package org.quantscope.core.improve;

import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;

/**
 * A model with its settings and everything that calibration data makes of them.
 *
 * @param model float, corrected as the settings say
 * @param state the settings
 * @param seen what activations look like, and what weights are multiplied with
 * @param calibration the same in the form that settings are resolved with
 * @param solved the parameters and codes
 */
public record Fitted(
        Model model, SessionState state, ActivationSketches seen, Calibration calibration, SolvedModel solved) {}
