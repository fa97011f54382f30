package org.quantscope.app.command;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The registry of everything that a person can do. Used on the FX thread only. */
public final class Commands {
    /** The most results of a search. */
    public static final int MOST = 50;

    private final Map<String, Command> fixed = new LinkedHashMap<>();
    private final List<Supplier<List<Command>>> changing = new ArrayList<>();

    /** @throws IllegalArgumentException if the id or the keys are taken */
    public Command add(Command command) {
        if (fixed.containsKey(command.id())) {
            throw new IllegalArgumentException("id: " + command.id() + " is there twice");
        }
        if (!command.keys().isEmpty()) {
            fixed.values().stream()
                    .filter(c -> c.keys().equals(command.keys()))
                    .findFirst()
                    .ifPresent(other -> {
                        throw new IllegalArgumentException(
                                "keys: " + command.keys() + " are those of " + other.id() + " and " + command.id());
                    });
        }
        fixed.put(command.id(), command);
        return command;
    }

    /** Adds things that come and go, such as the tensors of the open model; asked each time the palette opens. */
    public void addChanging(Supplier<List<Command>> source) {
        changing.add(source);
    }

    /** @throws IllegalArgumentException if there is none */
    public Command get(String id) {
        Command found = fixed.get(id);
        if (found == null) {
            throw new IllegalArgumentException("id: there is no action " + id);
        }
        return found;
    }

    /** Those of menus and keys, in the order in which they were added. */
    public Collection<Command> fixed() {
        return List.copyOf(fixed.values());
    }

    /** Everything, as it is now. */
    public List<Command> all() {
        List<Command> all = new ArrayList<>(fixed.values());
        changing.forEach(source -> all.addAll(source.get()));
        return all;
    }

    private record Hit(Command command, int rank, int order) {}

    /** The best of {@code all} for what was typed, best first; of equal ones the first. */
    public static List<Command> search(String typed, List<Command> all) {
        List<Hit> hits = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            Command command = all.get(i);
            int rank = Fuzzy.rank(typed, command.title());
            if (rank >= 0) {
                hits.add(new Hit(command, rank, i));
            }
        }
        return hits.stream()
                .sorted(Comparator.comparingInt(Hit::rank).thenComparingInt(Hit::order))
                .limit(MOST)
                .map(Hit::command)
                .toList();
    }
}
