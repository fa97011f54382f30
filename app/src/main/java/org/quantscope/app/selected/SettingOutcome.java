package org.quantscope.app.selected;

import java.util.Optional;
import org.quantscope.app.session.Measured;

/**
 * What the setting of the selected tensor does to it.
 *
 * @param measured the result; that of an earlier setting if {@code previous}
 * @param preview true during a drag
 * @param previous true if {@code measured} belongs to an earlier setting
 * @param codes whose codes {@code measured} is of
 */
public record SettingOutcome(Optional<Measured> measured, boolean preview, boolean previous, HandCodes codes) {}
