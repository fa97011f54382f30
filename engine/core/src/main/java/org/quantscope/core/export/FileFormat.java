package org.quantscope.core.export;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.quantscope.core.quant.OptionDoc;

/** Base of exporters: holds the description of the format. */
abstract class FileFormat implements Exporter {
    private final String id;
    private final String title;
    private final String source;
    private final String extension;
    private final Set<Field> loses;
    private final List<OptionDoc> options;

    FileFormat(String id, String title, String source, String extension, Set<Field> loses, OptionDoc... options) {
        this.id = id;
        this.title = title;
        this.source = source;
        this.extension = extension;
        this.loses = Collections.unmodifiableSet(loses.isEmpty() ? EnumSet.noneOf(Field.class) : EnumSet.copyOf(loses));
        this.options = List.of(options);
    }

    @Override
    public final String id() {
        return id;
    }

    @Override
    public final String title() {
        return title;
    }

    @Override
    public final String source() {
        return source;
    }

    @Override
    public final String extension() {
        return extension;
    }

    @Override
    public final Set<Field> loses() {
        return loses;
    }

    @Override
    public final List<OptionDoc> options() {
        return options;
    }
}
