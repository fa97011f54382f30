package org.quantscope.core.improve;

import org.quantscope.core.session.Edit;

/** What a step comes up with. */
sealed interface Candidate {
    /** There is nothing to try. */
    record Nothing(String why) implements Candidate {}

    /**
     * Other settings.
     *
     * @param what they are, in a few words
     * @param edit that leads to them
     * @param fitted on the half that things are chosen on
     */
    record Change(String what, Edit edit, Fitted fitted) implements Candidate {}
}
