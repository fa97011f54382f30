package org.quantscope.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.quantscope.app.session.Questions;
import org.quantscope.app.session.UnsavedWork;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.session.FileRef;

/** A person who has made up their mind: by default changes are thrown away and nothing else is agreed to. Remembers what was asked. */
public final class ChosenAnswers implements Questions {
    public Unsaved unsaved = Unsaved.DISCARD;
    public Optional<Path> save = Optional.empty();
    public Optional<Path> found = Optional.empty();
    public Optional<Path> reference = Optional.empty();
    public boolean changedIsFine;
    /** What to do with the first copy of unsaved work. */
    public Function<UnsavedWork, Resume> resume = work -> new Resume.Later();

    /** The copies of unsaved work that were offered, each time. */
    public final List<List<UnsavedWork>> offered = new ArrayList<>();

    /** What to do about data that cannot be fed as it is. */
    public BiConsumer<Role, Samples> prepare = (role, samples) -> {};

    /** How often it was asked what to do with changes. */
    public int askedForUnsaved;

    /** Where files were asked for. */
    public final List<Role> rolesAsked = new ArrayList<>();

    /** What it was asked how to prepare. */
    public final List<Samples> toPrepare = new ArrayList<>();

    @Override
    public Unsaved unsaved(String name) {
        askedForUnsaved++;
        return unsaved;
    }

    @Override
    public void howToPrepare(Role role, Samples samples) {
        toPrepare.add(samples);
        prepare.accept(role, samples);
    }

    @Override
    public Optional<Path> whereToSave(Path suggestion) {
        return save;
    }

    @Override
    public Optional<Path> whichReference(Path model) {
        return reference;
    }

    @Override
    public Optional<Path> whereIs(Role role, FileRef missing) {
        rolesAsked.add(role);
        return found;
    }

    @Override
    public boolean acceptChanged(Role role, String file) {
        return changedIsFine;
    }

    @Override
    public Resume resume(List<UnsavedWork> found) {
        offered.add(found);
        return resume.apply(found.getFirst());
    }
}
